// The reference as a section of the site: Docusaurus's documents, without the copies of all their names and texts that it
// puts into every page. What is left of them is put together again by `src/theme/DocVersionRoot`.

import documents, {validateOptions, type LoadedContent, type PluginOptions} from '@docusaurus/plugin-content-docs';
import type {LoadContext, Plugin, PluginContentLoadedActions, RouteConfig} from '@docusaurus/types';
import {pack} from '../src/menu.mjs';

interface Version {
  docsSidebars: Record<string, never[]>;
  docs: object;
}

interface Global {
  versions: {mainDocId: string; docs: {id: string}[]}[];
}

/** The route of a version with its menus packed. */
function lighter(route: RouteConfig): RouteConfig {
  const version = route.props?.version as Version | undefined;
  if (!version) return {...route, ...(route.routes && {routes: route.routes.map(lighter)})};
  const menus = Object.fromEntries(Object.entries(version.docsSidebars).map(([name, items]) => [name, pack(items)]));
  // Titles and summaries of all documents are for lists of cards, which the reference has not.
  return {...route, props: {...route.props, version: {...version, docsSidebars: {}, packed: menus, docs: {}}}};
}

/** What every page of the site knows of the section: where it begins. */
function briefer(data: Global): Global {
  const versions = data.versions.map((version) => ({...version, docs: version.docs.filter(({id}) => id === version.mainDocId)}));
  return {...data, versions};
}

async function reference(context: LoadContext, options: PluginOptions): Promise<Plugin<LoadedContent>> {
  const plugin = await documents(context, options);
  return {
    ...plugin,
    async contentLoaded({content, actions}) {
      const own: PluginContentLoadedActions = {
        ...actions,
        addRoute: (route) => actions.addRoute(lighter(route)),
        setGlobalData: (data) => actions.setGlobalData(briefer(data as Global)),
      };
      await plugin.contentLoaded?.({content, actions: own});
    },
  };
}

export default Object.assign(reference, {validateOptions});
