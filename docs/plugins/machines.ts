// What programs read: a Markdown twin of every page, descriptors by scope, llms.txt and the index of the search. All of
// it is made from the pages and the tables that the generator wrote, into a folder that the site serves as it is.

import {existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import type {Plugin} from '@docusaurus/types';
import {bodyOf, plain, summaryOf} from './markdown';
import {searchIndex} from './search-index';
import {OBJECTS, readTables} from './tables';

export interface Options {
  /** The folder of the site's sources. */
  home: string;
  /** Folders of pages with the addresses that they are served below, and where translated pages are. */
  pages: Pages[];
  /** The generator's table, one JSON object a line. */
  rows: string;
  /** What Rust calls the functions. */
  rust: string;
  /** The words that the form shares with the pages: its file below the pages of the reference. */
  words: string;
  /** Where the files go. */
  out: string;
  title: string;
  summary: string;
  /** A place in the guides and what stands there on the site. */
  replace: [string, string];
  /** The language that the site is built in, and where each language is served. */
  locale: string;
  editions: {locale: string; label: string; baseUrl: string}[];
}

interface Pages {
  folder: string;
  route: string;
  translated: string;
}

/** A page as its file has it. */
export interface Source {
  /** The address without the site's base: `/reference/user/update-user`. */
  route: string;
  title: string;
  text: string;
  isTranslated: boolean;
  /** The file without its ending, from the root of the site: links name files, wherever a page is served. */
  file: string;
}

/** How many pages of the reference there are, and how many of them in the language of the site. */
export interface Counts {
  pages: number;
  translated: number;
}

export default function machines(options: Options): Plugin {
  return {
    name: 'machines',
    async loadContent() {
      return write(options);
    },
    async contentLoaded({content, actions}) {
      // The pages are told how many of them are translated.
      actions.setGlobalData(content);
    },
    getPathsToWatch: () => options.pages.map(({folder}) => `${join(options.home, folder)}/**/*.{md,mdx}`),
  };
}

/** The pages of a folder, by address: what has no translation is in English. */
export function sources(home: string, {folder, route, translated}: Pages): Source[] {
  const root = join(home, folder);
  const files = readdirSync(root, {recursive: true, encoding: 'utf8'})
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.mdx?$/.test(name) && !name.split('/').some((part) => part.startsWith('_')))
    .sort();
  return files.map((name) => {
    const other = join(home, translated, name);
    const isTranslated = existsSync(other);
    const text = readFileSync(isTranslated ? other : join(root, name), 'utf8');
    const slug = /^slug: (\S+)$/m.exec(text.slice(0, 600))?.[1];
    const own = name.replace(/\.mdx?$/, '').replace(/(^|\/)index$/, '');
    const title = /^# (.+?)(?: \{\/\* .*)?$/m.exec(bodyOf(text))?.[1] ?? own;
    return {route: posix.join('/', route, slug ?? own).replace(/(.)\/$/, '$1'), title, text, isTranslated, file: posix.join('/', route, name.replace(/\.mdx?$/, ''))};
  });
}

/** The address of a page's twin. */
const twin = (route: string): string => (route === '/' ? '/index.md' : `${route}.md`);

function write({home, pages, rows, rust, words, out, title, summary, replace: [place, own], locale, editions}: Options): Counts {
  const base = editions.find((edition) => edition.locale === locale)?.baseUrl.replace(/\/$/, '') ?? '';
  const folder = join(home, out);
  rmSync(folder, {recursive: true, force: true});
  const put = (path: string, text: string): void => {
    const file = join(folder, path);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
  };
  const link = (route: string): string => base + twin(route);
  const all = pages.map((part) => ({...part, list: sources(home, part)}));
  const routes = new Map(all.flatMap(({list}) => list.map((page) => [page.file, page.route])));
  const known = new Set(routes.values());
  const addresses = {
    twin: (file: string): string => link(routes.get(file) ?? file),
    served: (path: string): string => (known.has(path) ? link(path) : base + path),
  };
  for (const {list} of all) {
    for (const page of list) put(twin(page.route), plain(page, addresses).replaceAll(place, own));
  }
  const [guides, reference] = all;
  const lines = [`# ${title}`, '', `> ${summary}`, ''];
  for (const {label, baseUrl} of editions.filter((edition) => edition.locale !== locale)) {
    lines.push(`- [${label}](${baseUrl}llms.txt)`);
  }
  lines.push('', '## Guides', '');
  for (const page of guides.list) lines.push(`- [${page.title}](${link(page.route)})`);
  if (existsSync(rows)) {
    const tables = readTables(rows);
    put('search.json', JSON.stringify(searchIndex(tables, guides.list, reference.list)));
    const scopes = [...tables.scopes()];
    for (const [scope, descriptor] of scopes) put(`descriptor/${scope}.json`, JSON.stringify(descriptor));
    if (existsSync(rust)) put('descriptor/_rust.json', readFileSync(rust, 'utf8'));
    const wording = [reference.translated, reference.folder].map((pages) => join(home, pages, words)).find((file) => existsSync(file));
    if (wording) put(`descriptor/${words}`, readFileSync(wording, 'utf8'));
    put('descriptor/index.json', JSON.stringify(tables.index()));
    lines.push('', '## Reference', '');
    const titles = new Map(reference.list.map((page) => [page.route, page]));
    for (const category of tables.categories) {
      const route = `/reference/${category.folder}`;
      const page = titles.get(route);
      const [heading, text] = page?.isTranslated ? [page.title, summaryOf(page)] : [category.title, category.summary];
      lines.push(`- [${heading}](${link(route)}): ${text}`);
    }
    const objects = titles.get(OBJECTS);
    if (objects) lines.push(`- [${objects.title}](${link(OBJECTS)}): ${summaryOf(objects)}`);
    lines.push('', '## For programs', '');
    lines.push(`- [All functions](${base}/descriptor/index.json): name, method, scope, title and page of each, as JSON`);
    if (existsSync(join(home, 'static/openapi.json'))) lines.push(`- [OpenAPI 3.1](${base}/openapi.json): the whole API in the form that tools know`);
    for (const [scope, {commands}] of scopes) {
      lines.push(`- [Scope ${scope}](${base}/descriptor/${scope}.json): parameters, types, errors and examples of ${commands.length} functions`);
    }
  }
  put('llms.txt', `${lines.join('\n')}\n`);
  const isMain = editions[0]?.locale === locale;
  return {pages: reference.list.length, translated: reference.list.filter(({isTranslated}) => isMain || isTranslated).length};
}
