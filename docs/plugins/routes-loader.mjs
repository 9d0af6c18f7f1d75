// @ts-check
// Packs what Docusaurus writes of the site's pages for the browser: the program that every page starts with names each of them
// four times, with its route, its chunk, its file and its address, which is two thirds of that program.

/** A page as `routes.js` has it: address, digest and what else is said of it. */
const PAGE = /\{\s*path: '([^'\\]+)',\s*component: ComponentCreator\('([^'\\]+)', '(\w+)'\),\s*exact: true((?:,\s*\w+: "[^"\\]*")*)\s*\},?/g;

/** Fewer pages than this in a row are left as they are. */
const FEW = 3;

/** @this {{getOptions(): {part: 'routes' | 'registry' | 'chunks'}, emitWarning(fault: Error): void}} @param {string} source */
export default function routesLoader(source) {
  const {part} = this.getOptions();
  return {routes: packRoutes, registry: packRegistry, chunks: packChunks}[part](source);
}

/** Pages that follow each other and differ in their addresses only become one call: their addresses are the keys of the chunks,
 * which stand in the same order. @param {string} source */
export function packRoutes(source) {
  /** @type {{start: number, end: number, key: string, more: string, count: number}[]} */
  const runs = [];
  for (const found of source.matchAll(PAGE)) {
    const [whole, path, same, digest, more] = found;
    const last = runs[runs.length - 1];
    const start = found.index ?? 0;
    if (path !== same) continue;
    if (last && last.more === more && source.slice(last.end, start).trim() === '') {
      last.count += 1;
      last.end = start + whole.length;
    } else runs.push({start, end: start + whole.length, key: `${path}-${digest}`, more, count: 1});
  }
  let packed = '';
  let at = 0;
  for (const {start, end, key, more, count} of runs.filter((run) => run.count >= FEW)) {
    packed += `${source.slice(at, start)}...pages(${JSON.stringify(key)}, ${count}, {exact: true${more}}),\n`;
    at = end;
  }
  return `import chunks from '@generated/routesChunkNames';
const keys = Object.keys(chunks);
const pages = (first, count, more) => {
  const start = keys.indexOf(first);
  return keys.slice(start, start + count).map((key) => {
    const cut = key.lastIndexOf('-');
    const path = key.slice(0, cut);
    return {path, component: ComponentCreator(path, key.slice(cut + 1)), ...more};
  });
};
${packed}${source.slice(at)}`;
}

/** The names of files are for the server, which looks up what a page needs. @param {string} source */
export function packRegistry(source) {
  return source.replaceAll(/^(.*\), )"[^"]*"(, require\.resolveWeak\("[^"]*"\)\],?)/gm, "$1''$2");
}

/** Chunks by route: those of pages, a component and a content, are lines of a text. @param {string} source */
export function packChunks(source) {
  /** @type {Record<string, Record<string, string>>} */
  const chunks = JSON.parse(source);
  /** @type {(string | [string, object])[]} */
  const parts = [];
  let component = '';
  let text = '';
  const close = () => {
    if (text) parts.push(`${component}\n${text.slice(0, -1)}`);
    text = '';
  };
  for (const [key, entry] of Object.entries(chunks)) {
    const isPage = Object.keys(entry).join() === '__comp,content' && typeof entry.content === 'string' && !/\s/.test(key);
    if (!isPage || entry.__comp !== component) close();
    if (isPage) {
      component = entry.__comp;
      text += `${key} ${entry.content}\n`;
    } else parts.push([key, entry]);
  }
  close();
  return `const chunks = {};
for (const part of ${JSON.stringify(parts)}) {
  if (typeof part !== 'string') chunks[part[0]] = part[1];
  else {
    const [__comp, ...lines] = part.split('\\n');
    for (const line of lines) {
      const [key, content] = line.split(' ');
      chunks[key] = {__comp, content};
    }
  }
}
export default chunks;`;
}
