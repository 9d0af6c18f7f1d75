// Has the generated pages read by `page.mjs` instead of MDX's compiler.

import {join, sep} from 'node:path';
import type {Plugin} from '@docusaurus/types';

interface Rule {
  include?: unknown;
  use?: {loader: string; options?: object}[];
}

/** `folder` is that of the pages. It stands behind the plugin of the pages, whose rule it changes. */
export default function pages({folder}: {folder: string}): Plugin {
  return {
    name: 'generated-pages',
    configureWebpack(config) {
      const place = folder + sep;
      const rule = (config.module?.rules as Rule[] | undefined)?.find(({include}) => Array.isArray(include) && include.includes(place));
      if (!rule?.use?.[0]) throw new Error(`no plugin has the pages of ${place}`);
      rule.use = [{loader: join(__dirname, 'page-loader.mjs'), options: rule.use[0].options}];
      return {};
    },
  };
}
