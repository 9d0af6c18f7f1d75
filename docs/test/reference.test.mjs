// The built site in a real browser.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {launch, open, serve} from './site.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
let browser;
let site;
let nasty;

before(async () => {
  [browser, site, nasty] = await Promise.all([launch(), serve(folder('../build')), serve(folder('../.nasty/build'))]);
});

after(async () => {
  await browser?.close();
  site?.close();
  nasty?.close();
});

/** The cells of the table behind the signature. */
const cells = (page) =>
  page.$$eval('article table', (tables) => [...tables[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim())));

test('the page of UpdateUser has everything that it promises', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/reference/user/update-user`);
  assert.equal(await page.textContent('article h1'), 'Update user');
  assert.match(await page.title(), /^Update user/);
  assert.match(await page.getAttribute('meta[name=description]', 'content'), /Update user of Bitrix24/);
  assert.match(await page.getAttribute('meta[name=keywords]', 'content'), /user\.update,UpdateUser.*OneScript/);
  const article = await page.textContent('article');
  assert.ok(article.includes('Function UpdateUser(Val URL, Val UserID, Val FieldsStructure, Val Token = "") Export'));

  const [head, ...rows] = await cells(page);
  assert.deepEqual(head, ['Parameter', 'CLI option', 'Type', 'Required', 'Description']);
  assert.deepEqual(
    rows.map((row) => row.slice(0, 4)),
    [
      ['URL', '--url', 'String', '✔'],
      ['UserID', '--userid', 'String, Number', '✔'],
      ['FieldsStructure', '--fields', 'Structure Of KeyAndValue', '✔'],
      ['Token', '--token', 'String', '✖'],
    ],
  );
  assert.match(article, /Returns: Map Of KeyAndValue.* Result: Boolean\. True when/);
  assert.equal(
    await page.getAttribute('article .theme-admonition-tip a', 'href'),
    'https://apidocs.bitrix24.com/api-reference/user/user-update.html',
  );
  assert.match(article, /OPI_Bitrix24\.UpdateUser\(URL, UserID, FieldsStructure, Token\)/);
  assert.match(article, /user::update\(2150\)/);
  assert.match(article, /"result": true/);
  assert.match(article, /UF_DEPARTMENT/);

  const tabs = page.locator('article .tabs-container').first();
  const shown = async () => (await tabs.locator('[role=tabpanel]:visible').innerText()).replaceAll('\u00a0', ' ');
  assert.match(await shown(), /JSON data can also be given as the path of a \.json file[^]*oint bitrix24 UpdateUser \\\n\s+--url/);
  assert.match(await shown(), /--url "b24-ar17wx\.bitrix24\.by" \\[^]*--token "\*\*\*"/);
  await tabs.getByRole('tab', {name: 'CMD/Bat'}).click();
  assert.match(await shown(), /oint bitrix24 UpdateUser \^\n\s+--url/);
  // The choice holds for every example of the page.
  const selected = await page.locator('article [role=tab][aria-selected=true]').allTextContents();
  assert.deepEqual(new Set(selected), new Set(['CMD/Bat']));

  await page.locator('article .tabs-container').first().locator('[role=tabpanel]:visible').hover();
  await page.locator('article [role=tabpanel]:visible button[aria-label*="Copy"]').first().click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^:: A webhook/);
  assert.deepEqual(faults, []);
});

test('the functions stand in their order, and each page of the category opens', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/reference/user`);
  const links = await page.$$eval('article table a', (anchors) => anchors.map((anchor) => [anchor.textContent, anchor.getAttribute('href')]));
  assert.deepEqual(
    links.slice(0, 5).map(([title]) => title),
    ['Get current user', 'Get user', 'Create user', 'Update user', 'Change user status'],
  );
  const sidebar = await page.$$eval('.theme-doc-sidebar-item-link-level-2 a', (anchors) => anchors.map((anchor) => anchor.textContent));
  assert.equal(sidebar[3], 'Update user');
  for (const [title, path] of links) {
    await page.goto(site.origin + path);
    assert.equal(await page.textContent('article h1'), title);
  }
  assert.deepEqual(faults, []);
});

test('the guides open, and the page fits a phone', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 390, height: 844}});
  for (const path of ['/', '/authorisation', '/command-line', '/rust-client', '/sandbox', '/adding-a-method', '/reference/user/update-user']) {
    await page.goto(site.origin + path);
    assert.ok((await page.textContent('article h1')).length > 3, path);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 1, `${path} is ${overflow} px too wide`);
  }
  assert.deepEqual(faults, []);
});

test('texts full of markup are shown as they were written', async () => {
  const {page, faults} = await open(browser, nasty.origin);
  await page.goto(`${nasty.origin}/reference/thing/nasty-thing`);
  const text = (await page.innerText('article')).replaceAll(/\s+/g, ' ');
  for (const part of [
    'Import {x} <script>alert(1)</script> | `code` */ {{ y }} {% z %} :::tip :tada: https://[oops and https://example.org/a?b=c&d - \\ " \'.',
    'Text {x} <b>bold</b> | `c` */ \\ " \' $HOME %PATH% end.',
    'Means {x} <b>.',
    'Key {x} <b>bold</b> | `c` */ \\n &amp; #{z}.',
    'Error {x} <b> | `c` */ end.',
    'Result {x} <b> | `c` */ end.',
    'who {x} <b> | `code` */',
    'E{x}<b>|*/',
    'a"b\\c{d}<e>|`f`*/',
  ]) {
    assert.ok(text.includes(part), `missing: ${part}\nin ${text}`);
  }
  assert.equal(await page.locator('article h1').innerText(), 'Nasty \\ "things" {x} <b> | `code` */ {{ y }}');
  assert.equal(await page.locator('article script, article b').count(), 0);
  assert.deepEqual(faults, []);
});

test('nor does any other place of a spec become markup', async () => {
  const nastiest = '{x} <b> | `c` */ {{ y }} {% z %} \\ " \' ${HOME} %PATH%';
  const {page, faults} = await open(browser, nasty.origin);
  const pages = {
    'list-thing-nastier': [
      `Use thing.nasty instead. Note ${nastiest} end.`,
      `> List ${nastiest} end.`,
      `1. Text ${nastiest} end. Default: ${nastiest}.`,
      `# Object ${nastiest} end.`,
      `* List ${nastiest} end. Values: ${nastiest} – Means ${nastiest} end.`,
      `| File ${nastiest} end.`,
      `Result: Array Of Structure. - Records ${nastiest} end.`,
      `Example ${nastiest}`,
      `</TabItem> ${nastiest}`,
      '<!--{x}|',
      `--> Error ${nastiest} end.`,
      `\`\`\` Error ${nastiest} end.`,
      `Preset ${nastiest}`,
      'Гадость-1',
    ],
    'nasty-preset': [`Preset ${nastiest} end.`, '</code></pre><script>alert(1)</script>'],
    'nasty-template': [`Template ${nastiest} end.`],
  };
  for (const [name, parts] of Object.entries(pages)) {
    await page.goto(`${nasty.origin}/reference/thing/${name}`);
    const text = (await page.innerText('article')).replaceAll(/\s+/g, ' ');
    for (const part of parts) {
      assert.ok(text.includes(part), `${name}: missing: ${part}\nin ${text}`);
    }
    assert.equal(await page.locator('article script, article b').count(), 0);
  }
  assert.deepEqual(faults, []);
});
