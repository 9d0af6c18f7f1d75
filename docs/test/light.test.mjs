// What is packed for the reader says what it said before: the menu and the lists of pages.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {packChunks, packRegistry, packRoutes} from '../plugins/routes-loader.mjs';
import {pack, unpack} from '../src/menu.mjs';

const link = (href, label, more) => ({type: 'link', href, label, docId: href, ...more});
const folder = (href, label, items, more) => ({type: 'category', href, label, collapsible: true, collapsed: true, items, ...more});

test('the menu comes out as it went in, without what nobody reads', () => {
  const menu = [
    link('/reference', 'All'),
    folder('/reference/crm', 'CRM', [
      folder('/reference/crm/deals', 'Deals', [link('/reference/crm/deals/get', 'Get')], {collapsed: false}),
      link('/reference/crm/old', 'Old', {className: 'deprecated'}),
      link('/reference/elsewhere/page', 'Elsewhere'),
    ], {className: 'deprecated'}),
  ];
  const sent = JSON.parse(JSON.stringify(pack(menu)));
  assert.deepEqual(unpack(sent), menu);
  assert.ok(JSON.stringify(sent).length < JSON.stringify(menu).length / 2);
  const [{items: [deals]}] = [folder('/ru/reference/crm/', 'CRM', [folder('/ru/reference/crm/deals/', 'Deals', [])])];
  assert.deepEqual(unpack(pack([deals]))[0].href, '/ru/reference/crm/deals');
  assert.throws(() => pack([{type: 'html', label: 'x'}]), /no place for x/);
});

/** What a module exports that the loader made. */
const run = (source, known) => new Function('ComponentCreator', 'known', source.replace("import chunks from '@generated/routesChunkNames';", 'const chunks = known;').replaceAll(/^import .*$/gm, '').replace('export default', 'return'))(
  (...names) => names.join(' '), known);

test('routes, chunks and files are the same for the browser', () => {
  const chunks = {
    '/a-111': {__comp: 'c0', __context: {plugin: 'p0'}},
    '/a-222': {__comp: 'c1', content: 'x0'},
    '/a/b-c-333': {__comp: 'c1', content: 'x1'},
    '/a/d-444': {__comp: 'c1', content: 'x2'},
    '/z-555': {__comp: 'c2', content: 'x3'},
  };
  const page = (path, digest, more = ',\n sidebar: "s"') => `{\n path: '${path}',\n component: ComponentCreator('${path}', '${digest}'),\n exact: true${more}\n}`;
  const source = `import React from 'react';
export default [
  {path: '/a', component: ComponentCreator('/a', '111'), routes: [
    ${['/a 222', '/a/b-c 333', '/a/d 444'].map((row) => page(...row.split(' '))).join(',\n')}
  ]},
  ${page('/z', '555', '')},
  {path: '*', component: ComponentCreator('*')},
];`;
  const packed = packChunks(JSON.stringify(chunks, null, 2));
  assert.deepEqual(run(packed), chunks);
  assert.match(packRoutes(source), /\.\.\.pages\("\/a-222", 3, /);
  assert.deepEqual(run(packRoutes(source), chunks), run(source));
  const row = (file) => `  "001": [() => import(/* webpackChunkName: "001" */ "@site/a.mdx"), ${file}, require.resolveWeak("@site/a.mdx")],`;
  assert.equal(packRegistry(row('"@site/a.mdx"')), row("''"));
});
