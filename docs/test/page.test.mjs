// The reader of generated pages: all of them are read, nothing is lost, and what it does not know stops it.

import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {test} from 'node:test';
import {readPage} from '../plugins/page.mjs';

const FOLDERS = ['../reference/', '../i18n/ru/docusaurus-plugin-content-docs-reference/current/'];

/** Every page that there is. */
function* pages() {
  for (const folder of FOLDERS) {
    const names = readdirSync(new URL(folder, import.meta.url), {recursive: true, encoding: 'utf8'});
    for (const name of names.filter((one) => one.endsWith('.mdx'))) yield [name, readFileSync(new URL(folder + name, import.meta.url), 'utf8')];
  }
}

/** What is shown of a block, as text. */
function shown(value) {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(shown).join(' ');
  return value && typeof value === 'object' ? Object.values(value).map(shown).join(' ') : '';
}

const page = (body) => readPage(`---\ntitle: "x"\n---\n\n# Title\n\n${body}\n`, (file) => (file === '/a/b.mdx' ? '/reference/a/b' : null));

test('every page is read, with every name and every line of code in it', () => {
  let count = 0;
  for (const [name, source] of pages()) {
    const {blocks, title, toc} = readPage(source, (file) => file);
    // Where a long name may be broken is no part of it.
    const text = shown(blocks).replaceAll('<wbr>', '');
    assert.ok(title, name);
    for (const [, , code] of source.matchAll(/^(`{3,})\w.*\n([^]*?)\n\1$/gm)) assert.ok(text.includes(code), `${name}: code is lost`);
    for (const [, code] of source.replaceAll(/^(`{3,})\w.*\n[^]*?\n\1$/gm, '').matchAll(/`([\w.-]+)`/g)) assert.ok(text.includes(code), `${name}: ${code} is lost`);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id).concat(blocks.flatMap((block) => block.params?.table.ids ?? []), toc.map(({id}) => id));
    assert.equal(new Set(ids).size, ids.length, `${name}: ${ids.filter((id, at) => ids.indexOf(id) < at)}`);
    count += 1;
  }
  assert.ok(count > 1800, `${count} pages`);
});

test('text is text, whatever it looks like', () => {
  assert.deepEqual(page('<code>{"a\\"b"}</code>').blocks[1], {paragraph: [{code: 'a"b'}]});
  assert.deepEqual(page('[https://x.org/?a=1&b](https://x.org/?a=1&b)').blocks[1], {paragraph: [{to: 'https://x.org/?a=1&b', in: ['https://x.org/?a=1&b']}]});
  const {blocks: [, {paragraph}]} = page('A \\{x\\} \\<b\\> &#105;mport `c` <code>{"d\\u007c`e"}</code> [f \\[g\\]](/a/b.mdx#h) end\\.');
  assert.deepEqual(paragraph, ['A {x} <b> import ', {code: 'c'}, ' ', {code: 'd|`e'}, ' ', {to: '/reference/a/b#h', in: ['f [g]']}, ' end.']);
  const {blocks: [, {params: {table}}]} = page('<Params>\n\n| A | B |\n|-|:-:|\n| x\\<y | `--z` a \\| b [F](#f) |\n\n</Params>');
  assert.equal(
    table.rows.html,
    '<tr id="param-xlty"><td><a class="param-link" href="#param-xlty">x&lt;y</a></td>'
      + '<td style="text-align:center"><code>--z</code> a | b <a href="#f">F</a></td></tr>',
  );
  assert.deepEqual([table.rows.ids, table.rows.to], [['param-xlty'], ['#f']]);
});

test('a field of an answer has an address of its own, with a link to another page beside it, too', () => {
  const table = (attributes, row) => page(`<Params ${attributes}>\n\n| A | B |\n|-|-|\n${row}\n\n</Params>`).blocks[1].params;
  const top = table('answer={""} closed keys="2 &amp; more"', '| `GROUP_ID` | x |');
  assert.deepEqual([top.kind, top.keys, top.closed, top.table.rows.ids], ['fields', '2 & more', true, ['field-group-id']]);
  assert.deepEqual(table('answer={"GROUP"} keys="1"', '| `ID` | x |').table.rows.ids, ['field-group--id']);
  const linked = table('answer={"a.b"}', '| `ID` | [f](/a/b.mdx) |');
  assert.deepEqual([linked.table.ids, linked.keys], [['field-a--b--id'], undefined]);
});

test('an address is given once', () => {
  const {toc} = page('## Errors\n\n## Errors\n\n## What went wrong {/* #errors */}\n\n### `A.B` {/* #a-b */}');
  assert.deepEqual(toc.map(({id}) => id), ['errors-1', 'errors-2', 'errors', 'a-b']);
  assert.deepEqual(toc.at(-1), {value: '<code>A.B</code>', id: 'a-b', level: 3});
  const {blocks: [, {params: {table}}]} = page('<Params answer={""} closed>\n\n| A | B |\n|-|-|\n| `ID` | x |\n| `id` | y |\n\n</Params>');
  assert.deepEqual(table.rows.ids, ['field-id', 'field-id-2']);
});

test('what the generator does not write is refused, with its line', () => {
  for (const [body, fault] of [
    ['<script>alert(1)</script>', /line 7: /],
    ['a <b>c</b>', /line 7: `<b>c<\/b>`/],
    ['{1 + 1}', /line 7: /],
    ['a *b*', /line 7: /],
    ['> quoted', /line 7: /],
    ['a &copy; b', /line 7: /],
    ['![a](b)', /line 7: /],
    ['[a](/no/such.mdx)', /no page is made from \/no\/such\.mdx/],
    [':::danger\n\nx\n\n:::', /line 7: /],
    ['<div className="x">\n\na', /<\/div> is missing/],
    ['```json\n{}', /the end of the code is missing/],
    ['| a |', /a table has a head/],
  ]) {
    assert.throws(() => page(body), fault, body);
  }
});
