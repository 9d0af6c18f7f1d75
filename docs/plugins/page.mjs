// @ts-check
// Reads a page as the generator writes it into the few blocks that it is made of. Pages are MDX; but MDX's own compiler
// needs a third of the time of the whole site for what a fixed set of forms says as well. A form that is not known here
// stops the build, with its line.

import {FIELD, PARAMETER, below, rowId, slug} from '../src/search/slug.mjs';

/**
 * Text within a block: text, code, or a link around such pieces.
 * @typedef {string | {code: string} | {to: string, in: Piece[]}} Piece
 */

/**
 * @typedef {{level: number, id?: string, in: Piece[]}} Heading
 * @typedef {{html: string, ids?: string[], to?: string[]}} Html markup without links to other pages, the addresses in it, and where it leads within the page
 * @typedef {{head: Html, rows: Html} | {head: Html, cells: Piece[][][], ids?: string[]}} Table
 * @typedef {{kind: '' | 'keys' | 'fields', keys?: string, closed?: boolean, table: Table}} Params
 * @typedef {{value: string, label: string, language: string, code: string}} Tab
 * @typedef {{heading: Heading} | {paragraph: Piece[]} | {list: Piece[][]} | {box: string, in: Block[]} | {table: Table} | {params: Params}
 *   | {tabs: Tab[]} | {language: string, title?: string, code: string} | {note: string, title?: string, in: Block[]}
 *   | {form: {command: string, scope: string}}} Block
 * @typedef {{frontMatter: Record<string, any>, title: string, toc: {value: string, id: string, level: number}[], blocks: Block[]}} Page
 */

/** @param {string} text */
export const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A page; `resolve` gives the address of the page in a file.
 * @param {string} source @param {(file: string) => string | null} resolve @returns {Page} */
export function readPage(source, resolve) {
  const lines = source.split('\n');
  let at = 0;
  const fail = (/** @type {string} */ what) => new Error(`line ${at + 1}: ${what}: ${lines[at]}`);
  const page = /** @type {Page} */ ({frontMatter: {}, title: '', toc: [], blocks: []});
  /** @type {string[]} */
  const ids = [...source.matchAll(/ \{\/\* #([\w-]+) \*\/\}$/gm)].map(([, id]) => id);

  /** @param {string} text @returns {Piece[]} */
  const inline = (text) => {
    const [pieces, end] = readPieces(text, 0, '', resolve);
    if (end < text.length) throw fail(`\`${text.slice(end, end + 12)}\` is no text that the generator writes`);
    return pieces;
  };

  /** The blocks up to a line. @param {string | null} end @returns {Block[]} */
  const blocks = (end) => {
    /** @type {Block[]} */
    const found = [];
    for (; at < lines.length; at += 1) {
      const line = lines[at];
      if (line === end) return found;
      if (line === '' || line.startsWith('import ')) continue;
      const block = readBlock(line);
      if (block) found.push(block);
    }
    if (end !== null) throw fail(`${end} is missing`);
    return found;
  };

  /** @param {string} line @returns {Block | undefined} */
  const readBlock = (line) => {
    const [, hashes, heading] = /^(#{1,3}) (.*)$/.exec(line) ?? [];
    if (hashes) return {heading: readHeading(hashes.length, heading)};
    if (line.startsWith('```')) return readCode();
    if (line.startsWith('- ')) return {list: run((item) => item.startsWith('- ')).map((item) => inline(item.slice(2)))};
    if (line.startsWith('|')) return {table: readTable()};
    const [, box] = /^<div className="(\w+)">$/.exec(line) ?? [];
    if (box) return {box, in: inside('</div>')};
    const [, note, title] = /^:::(tip|warning)(?:\[(.*)\])?$/.exec(line) ?? [];
    if (note) return {note, ...(title && {title: plainText(inline(title))}), in: inside(':::')};
    if (line === '<Tabs groupId="code" lazy>') return {tabs: readTabs()};
    if (line.startsWith('<Params')) return {params: readParams(line)};
    const [, command, scope] = /^<TryIt command="([^"]*)" scope=\{("(?:[^"\\]|\\.)*")\} \/>$/.exec(line) ?? [];
    if (command) return {form: {command, scope: JSON.parse(scope)}};
    if (/^(?:<(?!code>\{")|[{>])|^\d+[.)] |^[*+] |^:::|^={3,}$|^-{3,}$/.test(line)) throw fail('this is no block that the generator writes');
    return {paragraph: inline(line)};
  };

  /** @param {(line: string) => boolean} belongs the lines that go on, the last of which is the current one afterwards */
  const run = (belongs) => {
    const start = at;
    while (at + 1 < lines.length && belongs(lines[at + 1])) at += 1;
    return lines.slice(start, at + 1);
  };

  const inside = (/** @type {string} */ end) => {
    at += 1;
    return blocks(end);
  };

  /** @param {number} level @param {string} text @returns {Heading} */
  const readHeading = (level, text) => {
    const [, bare, own] = /^(.*?)(?: \{\/\* #([\w-]+) \*\/\})?$/.exec(text) ?? ['', text, undefined];
    const pieces = inline(bare);
    if (level === 1) {
      page.title ||= plainText(pieces);
      return {level, in: pieces};
    }
    const id = own ?? fresh(slug(plainText(pieces)) || 'part');
    page.toc.push({value: htmlOf(pieces).html, id, level});
    return {level, id, in: pieces};
  };

  const fresh = (/** @type {string} */ id) => {
    let own = id;
    for (let count = 1; ids.includes(own); count += 1) own = `${id}-${count}`;
    ids.push(own);
    return own;
  };

  const readCode = () => {
    const [, fence, language, title] = /^(`{3,})(\w+)(?: title="(.*)")?$/.exec(lines[at]) ?? [];
    if (!fence) throw fail('a block of code begins with its language');
    const start = at + 1;
    at = lines.indexOf(fence, start);
    if (at < 0) throw fail('the end of the code is missing');
    return {language, ...(title && {title: unescaped(title)}), code: lines.slice(start, at).join('\n')};
  };

  const readTabs = () => {
    /** @type {Tab[]} */
    const tabs = [];
    for (at += 1; lines[at] !== '</Tabs>'; at += 1) {
      if (lines[at] === '') continue;
      const [, value, label] = /^<TabItem value="(\w+)" label="([^"]*)"(?: default)?>$/.exec(lines[at] ?? '') ?? [];
      if (!value) throw fail('a tab was expected');
      const [code] = inside('</TabItem>');
      if (!code || !('code' in code)) throw fail('a tab holds one block of code');
      tabs.push({value, label, language: code.language, code: code.code});
    }
    return tabs;
  };

  /** @param {string} line @returns {Params} */
  const readParams = (line) => {
    const [, what, name, closed, keys] = /^<Params(?: (of|answer)=\{("(?:[^"\\]|\\.)*")\})?( closed)?(?: keys="([^"]*)")?>$/.exec(line) ?? [];
    const path = name ? JSON.parse(name) : '';
    const prefix = below(what === 'answer' ? FIELD : PARAMETER, path);
    at += 2;
    const table = readTable(prefix);
    while (lines[at + 1] === '') at += 1;
    at += 1;
    if (lines[at] !== '</Params>') throw fail('</Params> was expected');
    return {kind: what === 'answer' ? 'fields' : what ? 'keys' : '', ...(keys && {keys: unescaped(keys)}), ...(closed && {closed: true}), table};
  };

  /** @param {string} [prefix] what the addresses of the rows begin with @returns {Table} */
  const readTable = (prefix) => {
    const [head, marks, ...body] = run((line) => line.startsWith('|')).map(cellsOf);
    if (!marks?.every((mark) => /^:?-+:?$/.test(mark))) throw fail('a table has a head');
    const centred = marks.map((mark) => mark.startsWith(':') && mark.endsWith(':'));
    const cell = (/** @type {string} */ tag, /** @type {Html} */ {html}, /** @type {number} */ column) =>
      `<${tag}${centred[column] ? ' style="text-align:center"' : ''}>${html}</${tag}>`;
    const heads = head.map((text, column) => cell('th', htmlOf(inline(text)), column)).join('');
    const cells = body.map((row) => row.map(inline));
    const given = new Set();
    const idOf = (/** @type {Piece[][]} */ row) => {
      const id = rowId(prefix ?? '', plainText(row[0]), ['--url', '--token'].includes(plainText(row[1])));
      let own = id;
      // Some answers have a key in two spellings: `ID` and `id`.
      for (let count = 2; given.has(own); count += 1) own = `${id}-${count}`;
      given.add(own);
      return own;
    };
    if (cells.some((row) => row.some((one) => one.some(isElsewhere)))) {
      return {head: {html: `<tr>${heads}</tr>`}, cells, ...(prefix !== undefined && {ids: cells.map(idOf)})};
    }
    /** @type {Html & {ids: string[], to: string[]}} */
    const rows = {html: '', ids: [], to: []};
    for (const row of cells) {
      const parts = row.map(htmlOf);
      let id = '';
      if (prefix !== undefined) {
        id = idOf(row);
        // A long name is broken between its words, if at all.
        const name = parts[0].html.replaceAll(/[\p{Ll}\d](?=\p{Lu})|_(?=[\p{L}\d])/gu, '$&<wbr>');
        parts[0].html = `<a class="param-link" href="#${id}">${name}</a>`;
        rows.ids.push(id);
      }
      rows.html += `<tr${id && ` id="${id}"`}>${parts.map((part, column) => cell('td', part, column)).join('')}</tr>`;
      rows.to.push(...parts.flatMap(({to}) => to ?? []));
    }
    return {head: {html: `<tr>${heads}</tr>`}, rows};
  };

  if (lines[0] !== '---') throw fail('the front matter is missing');
  for (at = 1; lines[at] !== '---'; at += 1) {
    const [, key, value] = /^(\w+): (.+)$/.exec(lines[at] ?? '') ?? [];
    if (key) page.frontMatter[key] = /^["[\d]/.test(value) ? JSON.parse(value) : value;
    else if (!lines[at]?.startsWith('#')) throw fail('this is no front matter that the generator writes');
  }
  at += 1;
  page.blocks = blocks(null);
  return page;
}

/** The cells of a row. @param {string} line */
function cellsOf(line) {
  const cells = [''];
  for (const [part] of line.slice(1).matchAll(/\\.|`[^`]*`|\||[^\\`|]+/g)) {
    if (part === '|') cells.push('');
    else cells[cells.length - 1] += part;
  }
  return cells.slice(0, -1).map((cell) => cell.trim());
}

/** A title in an attribute of a component. @param {string} text */
const unescaped = (text) => text.replaceAll('&amp;', '&');

/** Pieces of a text from a place on, up to an unescaped `end`, and the place behind them; it stops earlier at what is
 * no text. @param {string} text @param {number} from @param {string} end @param {(file: string) => string | null} resolve
 * @returns {[Piece[], number]} */
function readPieces(text, from, end, resolve) {
  /** @type {Piece[]} */
  const pieces = [];
  let plain = '';
  let at = from;
  const add = (/** @type {Piece} */ piece) => {
    if (plain) pieces.push(plain);
    plain = '';
    pieces.push(piece);
  };
  const match = (/** @type {RegExp} */ pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (; at < text.length; ) {
    const char = text[at];
    if (char === end) break;
    /** @type {RegExpExecArray | null} */
    let found;
    if ((found = match(/\\(.)/y))) plain += found[1];
    else if ((found = match(/&#(\d+);/y))) plain += String.fromCodePoint(Number(found[1]));
    else if ((found = match(/`([^`]+)`/y))) add({code: found[1]});
    else if ((found = match(/<code>\{("(?:[^"\\]|\\.)*")\}<\/code>/y))) add({code: JSON.parse(found[1])});
    else if (char === '[') {
      const [inner, behind] = readPieces(text, at + 1, ']', resolve);
      at = behind;
      found = match(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/y);
      if (!found) break;
      add({to: addressOf(found[1], resolve), in: inner});
    } else if (/[`<>{}\]*~|]/.test(char) || match(/!\[|&#?\w+;/y)) break;
    else {
      found = match(/[^\\&`<>{}[\]*~|!]+|[!&]/y);
      plain += found?.[0] ?? '';
    }
    if (!found) break;
    at += found[0].length;
  }
  if (plain) pieces.push(plain);
  return [pieces, at];
}

/** @param {string} target @param {(file: string) => string | null} resolve */
function addressOf(target, resolve) {
  const [, file, anchor = ''] = /^([^#:]+\.mdx?)(#.*)?$/.exec(target) ?? [];
  if (!file) return target;
  const route = resolve(file);
  if (route === null) throw new Error(`no page is made from ${file}`);
  return route + anchor;
}

/** Whether a piece is a link to another page of the site. @param {Piece} piece */
const isElsewhere = (piece) => typeof piece === 'object' && 'to' in piece && !/^(#|https?:)/.test(piece.to);

/** @param {Piece[]} pieces @returns {string} */
const plainText = (pieces) => pieces.map((piece) => (typeof piece === 'string' ? piece : 'code' in piece ? piece.code : plainText(piece.in))).join('');

/** @param {Piece[]} pieces @returns {Html} */
function htmlOf(pieces) {
  /** @type {string[]} */
  const to = [];
  const html = pieces.map((piece) => {
    if (typeof piece === 'string') return escaped(piece);
    if ('code' in piece) return `<code>${escaped(piece.code)}</code>`;
    const elsewhere = piece.to.startsWith('#') ? '' : ' target="_blank" rel="noopener noreferrer"';
    if (!elsewhere) to.push(piece.to);
    const inner = htmlOf(piece.in);
    return `<a href="${escaped(piece.to)}"${elsewhere}>${inner.html}</a>`;
  });
  return {html: html.join(''), ...(to.length && {to})};
}
