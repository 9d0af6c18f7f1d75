// What the search loads on its first use: names and texts, small enough to be sent as a whole.

import {bare, bodyOf, summaryOf} from './markdown';
import type {Source} from './machines';
import type {Param, Tables} from './tables';
import {OBJECTS, objectPage, pageOf} from './tables';

/** A function: page, title, method, names, summary, category, what it is (1: deprecated, 2: it creates, 4: it changes), its parameters, the number of the list of its result's fields. */
type FunctionRow = [string, string, string, string[], string, number, number, ParamRow[], number?];
/** A parameter: its names, then the keys inside it: written out, or the number of a shared list. */
type ParamRow = [string, string[] | number] | [string];
/** What several functions answer: page, title, name of the type, what it is, the number of the list of its fields. */
type ObjectRow = [string, string, string, string, number];
/** A folder of functions: title, page, what is in it. */
type FolderRow = [string, string, string];
/** A part of a guide: page with anchor, title of the guide, heading, text; the first part has what else the guide is looked for by. */
type GuideRow = [string, string, string, string, string[]?];

export interface SearchIndex {
  categories: FolderRow[];
  keys: string[][];
  functions: FunctionRow[];
  /** The title of the category of objects. */
  common: string;
  objects: ObjectRow[];
  guides: GuideRow[];
}

/** `reference` holds the functions' pages: a translated one is found by its own title and by the English one. */
export function searchIndex(tables: Tables, guides: Source[], reference: Source[]): SearchIndex {
  const translated = new Map(reference.filter((page) => page.isTranslated).map((page) => [page.route, page]));
  const place = new Map(tables.categories.map(({folder}, at) => [folder, at]));
  const lists = new Map<string, number>();
  const keys: string[][] = [];
  const shared = (param: Pick<Param, 'entity' | 'answered' | 'omit'>): number => {
    const answered = param.answered ?? false;
    const name = `${param.entity} ${answered} ${param.omit ?? ''}`;
    const known = lists.get(name);
    if (known !== undefined) return known;
    const fields = tables.types.get(param.entity ?? '')?.fields ?? [];
    keys.push(fields.filter((field) => (answered || !field.readonly) && !param.omit?.includes(field.name)).map((field) => field.name));
    lists.set(name, keys.length - 1);
    return keys.length - 1;
  };
  const pages = new Map(reference.map((page) => [page.route, page]));
  const row = (param: Param): ParamRow => {
    const name = param.argument ?? param.name;
    if (param.entries) return [name, param.entries.map((entry) => entry.name)];
    return param.entity ? [name, shared(param)] : [name];
  };
  return {
    categories: tables.categories.map(({folder, title, summary}): FolderRow => {
      const route = `/reference/${folder}`;
      const page = translated.get(route);
      return page ? [bare(page.title), route, summaryOf(page)] : [title, route, summary];
    }),
    keys,
    functions: tables.commands.map((command) => {
      const page = translated.get(pageOf(command));
      const names = [command.function, ...command.aliases, ...(page ? [command.title] : [])];
      const kind = (command.deprecated ? 1 : 0) + (command.effect === 'create' ? 2 : 0) + (command.effect === 'update' ? 4 : 0);
      const found: FunctionRow = [
        pageOf(command), page ? bare(page.title) : command.title, command.method ?? '', names, page ? summaryOf(page) : command.summary,
        place.get(command.category) ?? 0, kind, command.params.filter((param) => !param.group).map(row),
      ];
      // A type with a page of its own is found there.
      const forms = [command.returns, ...(command.returns?.or ?? [])].map((form) => form?.entity);
      const entity = forms.find((name) => name && !pages.has(objectPage(name)));
      if (entity) found[8] = shared({entity, answered: true});
      return found;
    }),
    common: bare(pages.get(OBJECTS)?.title ?? ''),
    objects: [...tables.types.keys()].flatMap((entity): ObjectRow[] => {
      const page = pages.get(objectPage(entity));
      return page ? [[page.route, bare(page.title), entity, summaryOf(page), shared({entity, answered: true})]] : [];
    }),
    guides: guides.flatMap(sections),
  };
}

/** A guide cut at its headings. */
function sections({route, title, text}: Source): GuideRow[] {
  const body = bodyOf(text).replaceAll(/^```[^]*?^```$/gm, '');
  const keywords = /^keywords: \[(.*)\]$/m.exec(text.slice(0, 600))?.[1].split(', ') ?? [];
  return body.split(/^#{1,3} /m).slice(1).map((part, at) => {
    const [line, ...rest] = part.split('\n');
    // A translated heading keeps the address of the English one.
    const [, heading, id] = /^(.*?)(?: \{\/\* #([\w-]+) \*\/\})?$/.exec(line) ?? ['', line];
    const own = id ?? heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-');
    const anchor = at === 0 ? '' : `#${own}`;
    const flat = rest.join(' ').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*|>-]+/g, ' ').replaceAll(/\s+/g, ' ').trim();
    const row: GuideRow = [route + anchor, title, heading.replaceAll('`', ''), flat];
    if (at === 0 && keywords.length > 0) row[4] = keywords;
    return row;
  });
}
