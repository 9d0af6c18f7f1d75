// @ts-check
// Makes the module of a generated page: what MDX's loader would export, with the page as data.

import {relative} from 'node:path';
import {readPage} from './page.mjs';

/** @typedef {{siteDir: string, metadataPath: (file: string) => string, resolveMarkdownLink: (link: {linkPathname: string, sourceFilePath: string}) => string | null}} Options */

/** Modules that one of the two bundles has taken, that of the browser and that of the server: they are the same.
 * @type {Map<string, {source: string, code: string}>} */
const made = new Map();

/** @this {{getOptions(): Options, resourcePath: string}} @param {string} source */
export default function pageLoader(source) {
  const file = this.resourcePath;
  const known = made.get(file);
  if (known?.source === source) {
    made.delete(file);
    return known.code;
  }
  const code = moduleOf(source, file, this.getOptions());
  made.set(file, {source, code});
  return code;
}

/** @param {string} source @param {string} file @param {Options} options */
function moduleOf(source, file, {siteDir, metadataPath, resolveMarkdownLink}) {
  let page;
  try {
    page = readPage(source, (linkPathname) => resolveMarkdownLink({linkPathname, sourceFilePath: file}));
  } catch (error) {
    throw new Error(`${file}: ${/** @type {Error} */ (error).message}`);
  }
  const metadata = `@site/${relative(siteDir, metadataPath(file)).replaceAll('\\', '/')}`;
  return [
    "import {jsx} from 'react/jsx-runtime';",
    "import {Page} from '@site/src/reference/Page';",
    `export {default as metadata} from ${JSON.stringify(metadata)};`,
    `export const frontMatter = ${JSON.stringify(page.frontMatter)};`,
    `export const contentTitle = ${JSON.stringify(page.title)};`,
    'export const assets = {};',
    `export const toc = ${JSON.stringify(page.toc)};`,
    `const blocks = JSON.parse(${literal(JSON.stringify(page.blocks))});`,
    'export default () => jsx(Page, {blocks});',
  ].join('\n');
}

/** A text in single quotes: JSON is full of double ones. @param {string} text */
const literal = (text) => `'${text.replaceAll(/[\\']/g, '\\$&').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
