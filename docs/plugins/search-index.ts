// What the search loads on its first use: names and texts, small enough to be sent as a whole.

import type {Source} from './machines';
import type {Param, Tables} from './tables';
import {pageOf} from './tables';

/** A function: page, title, method, names, summary, category, whether it is deprecated, its parameters. */
type FunctionRow = [string, string, string, string[], string, number, 0 | 1, ParamRow[]];
/** A parameter: its names, then the keys inside it: written out, or the number of a shared list. */
type ParamRow = [string, string[] | number] | [string];
/** A part of a guide: page with anchor, title of the guide, heading, text. */
type GuideRow = [string, string, string, string];

export interface SearchIndex {
  categories: string[];
  keys: string[][];
  functions: FunctionRow[];
  guides: GuideRow[];
}

export function searchIndex(tables: Tables, guides: Source[]): SearchIndex {
  const place = new Map(tables.categories.map(({folder}, at) => [folder, at]));
  const lists = new Map<string, number>();
  const keys: string[][] = [];
  const shared = (param: Param): number => {
    const answered = param.answered ?? false;
    const name = `${param.entity} ${answered} ${param.omit ?? ''}`;
    const known = lists.get(name);
    if (known !== undefined) return known;
    const fields = tables.types.get(param.entity ?? '')?.fields ?? [];
    keys.push(fields.filter((field) => (answered || !field.readonly) && !param.omit?.includes(field.name)).map((field) => field.name));
    lists.set(name, keys.length - 1);
    return keys.length - 1;
  };
  const row = (param: Param): ParamRow => {
    const name = param.argument ?? param.name;
    if (param.entries) return [name, param.entries.map((entry) => entry.name)];
    return param.entity ? [name, shared(param)] : [name];
  };
  return {
    categories: tables.categories.map(({title}) => title),
    keys,
    functions: tables.commands.map((command) => [
      pageOf(command), command.title, command.method ?? '', [command.function, ...command.aliases], command.summary,
      place.get(command.category) ?? 0, command.deprecated ? 1 : 0,
      command.params.filter((param) => !param.group).map(row),
    ]),
    guides: guides.flatMap(sections),
  };
}

/** A guide cut at its headings. */
function sections({route, title, text}: Source): GuideRow[] {
  const body = text.replace(/^---\n[^]*?\n---\n/, '').replaceAll(/^```[^]*?^```$/gm, '');
  return body.split(/^#{1,3} /m).slice(1).map((part, at) => {
    const [heading, ...rest] = part.split('\n');
    const anchor = at === 0 ? '' : `#${heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-')}`;
    const flat = rest.join(' ').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*|>-]+/g, ' ').replaceAll(/\s+/g, ' ').trim();
    return [route + anchor, title, heading.replaceAll('`', ''), flat];
  });
}
