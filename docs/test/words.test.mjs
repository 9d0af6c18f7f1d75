// The words of the interface: each has a text in every other language, with the same values in it, and no text is left over.

import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const LANGUAGES = ['ru'];

/** Places in a text that values are put into. */
const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

/** The texts in the sources, by their names: those of components and those of calls. Texts of the theme are not ours. */
function written() {
  const texts = new Map();
  for (const name of readdirSync(folder('../src'), {recursive: true, encoding: 'utf8'}).filter((one) => /\.tsx?$/.test(one))) {
    const source = read(`../src/${name}`);
    const note = (id, text) => !id.startsWith('theme.') && texts.set(id, text);
    const found = [...source.matchAll(/<Translate\s+id="([^"]+)"(?:[^>{]|\{\{[^}]*\}\}|\{[^{}]*\})*>\s*(?:\{'([^']*)'\}|([^<{]*?))\s*<\/Translate>|\btranslate\(\s*\{\s*id: '([^']+)',\s*message: (?:'([^']*)'|"([^"]*)")/g)];
    for (const [, id, ...rest] of found) note(id ?? rest[2], rest[0] ?? rest[1] ?? rest[3] ?? rest[4]);
    const ids = [...source.matchAll(/<Translate\s+id="|\btranslate\(/g)];
    assert.equal(found.length, ids.length, `${name}: a text is written in a way that this test does not read`);
  }
  return texts;
}

for (const language of LANGUAGES) {
  test(`every word of the interface is there in ${language}, and none besides`, () => {
    const texts = written();
    assert.ok(texts.size > 30, `${texts.size} texts`);
    const own = JSON.parse(read(`../i18n/${language}/code.json`));
    assert.deepEqual([...texts.keys()].filter((id) => !own[id]?.message), [], 'missing');
    assert.deepEqual(Object.keys(own).filter((id) => !texts.has(id) && !id.startsWith('theme.')), [], 'left over');
    for (const [id, text] of texts) assert.deepEqual(places(own[id].message), places(text), `the values of ${id}`);
  });

  test(`what the site's settings show is there in ${language}`, () => {
    const config = read('../docusaurus.config.ts');
    const navbar = JSON.parse(read(`../i18n/${language}/docusaurus-theme-classic/navbar.json`));
    const items = config.slice(config.indexOf('navbar: {'), config.indexOf('colorMode'));
    const labels = [...items.matchAll(/label: '([^']+)'/g)].map(([, label]) => `item.label.${label}`);
    assert.ok(labels.length > 1);
    assert.deepEqual(labels.filter((label) => !navbar[label]), [], 'missing');
    assert.deepEqual(Object.keys(navbar).filter((key) => key.startsWith('item.label.') && !labels.includes(key)), [], 'left over');
    assert.ok(JSON.parse(read(`../i18n/${language}/docusaurus-theme-classic/footer.json`)).copyright?.message);
  });
}
