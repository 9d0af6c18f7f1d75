// The built site in a real browser.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {launch, open, serve} from './site.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Pages with long names and large tables. */
const WIDE = [
  '/reference/user/update-user', '/reference/crm/deals/get-deals-list', '/reference/tasks/create-task', '/reference/crm/items/create-item',
  '/reference/objects/task', '/reference/user/get-user-custom-fields',
];

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
  assert.match(article, /"result": true/);
  assert.match(article, /UF_DEPARTMENT/);

  const tabs = page.locator('article .tabs-container').first();
  const shown = async () => (await tabs.locator('[role=tabpanel]:visible').innerText()).replaceAll('\u00a0', ' ');
  assert.match(await shown(), /JSON data can also be given as the path of a \.json file[^]*oint bitrix24 UpdateUser \\\n\s+--url/);
  assert.match(await shown(), /--url "b24-ar17wx\.bitrix24\.by" \\[^]*--token "\*\*\*"/);
  assert.deepEqual(await tabs.getByRole('tab').allTextContents(), ['Bash', 'CMD/Bat', 'PowerShell', 'cURL', 'Rust', '1C:Enterprise/OneScript']);
  const choose = (name) => tabs.getByRole('tab', {name}).click();
  await choose('1C:Enterprise/OneScript');
  assert.match(await shown(), /OPI_Bitrix24\.UpdateUser\(URL, UserID, FieldsStructure, Token\)/);
  await choose('Rust');
  assert.match(await shown(), /user::update\(2150\)/);
  await choose('cURL');
  assert.match(await shown(), /curl -X POST[^]*\/user\.update'/);
  await choose('PowerShell');
  assert.match(await shown(), /oint bitrix24 UpdateUser `\n\s+--url/);
  await choose('CMD/Bat');
  assert.match(await shown(), /oint bitrix24 UpdateUser \^\n\s+--url/);

  await tabs.locator('[role=tabpanel]:visible').hover();
  await tabs.locator('button[aria-label*="Copy"]').first().click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^:: A webhook/);

  // The choice holds for every example, on this page and on the next.
  const selected = async () => new Set(await page.locator('article [role=tab][aria-selected=true]').allTextContents());
  assert.deepEqual(await selected(), new Set(['CMD/Bat']));
  await page.goto(`${site.origin}/reference/user/get-user`);
  await page.locator('article [role=tab][aria-selected=true]').filter({hasText: 'CMD/Bat'}).first().waitFor();
  assert.deepEqual(await selected(), new Set(['CMD/Bat']));
  assert.deepEqual(faults, []);
});

test('a parameter has an address, also inside a folded table', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 1280, height: 800}});
  for (const [id, text] of [['param-userid', 'UserID'], ['param-fieldsstructure--uf-department', 'UF_DEPARTMENT']]) {
    await page.goto('about:blank');
    await page.goto(`${site.origin}/reference/user/update-user#${id}`);
    const row = page.locator(`#${id}`);
    await row.waitFor();
    assert.ok((await row.textContent()).startsWith(text), id);
    await page.waitForFunction((one) => {
      const {top, bottom} = document.getElementById(one).getBoundingClientRect();
      return top >= 0 && bottom <= window.innerHeight;
    }, id);
    assert.equal(await row.locator('a').first().getAttribute('href'), `#${id}`);
  }
  assert.match(await page.locator('.theme-edit-this-page').getAttribute('href'), /\/edit\/main\/specs\/user\/user\.update\.yaml$/);
  faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes('about:blank')));
  assert.deepEqual(faults, []);
});

test('a page tells what comes back, field by field', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 1280, height: 800}});
  // What several methods answer has a page of its own.
  await page.goto(`${site.origin}/reference/user/get-user`);
  assert.match(await page.textContent('article'), /Fields of each record in result: ID, XML_ID, .* and \d+ more\. In Rust: bitrix24::types::User\./);
  await page.locator('article').getByRole('link', {name: /^Fields of each record/}).click();
  await page.waitForURL('**/reference/objects/user');
  await page.locator('article h1', {hasText: 'User'}).waitFor();
  const row = page.locator('tr#field-uf-department');
  assert.match(await row.innerText(), /UF_DEPARTMENT\s+Array Of String, Number\s+Departments of the company/);
  assert.match(await page.locator('tr#field-last-login').innerText(), /Read-only\.$/);
  assert.match(await page.locator('.theme-edit-this-page').getAttribute('href'), /\/edit\/main\/specs\/types\/user\.yaml$/);
  assert.match(await page.locator('nav.menu').innerText(), /Objects[^]*User/);
  await page.locator('article').getByRole('link', {name: 'Find users'}).click();
  await page.waitForURL('**/reference/user/find-users');
  // What only this one answers stands on its page.
  await page.goto(`${site.origin}/reference/crm/documents/create-crm-numerator`);
  await page.locator('article').getByRole('link', {name: /^Fields of result/}).click();
  await page.waitForFunction(() => location.hash === '#result');
  assert.ok((await page.locator('h2#result ~ details.keys tr[id^=field-]').count()) > 0);
  assert.deepEqual(faults, []);
});

test('no table is wider than its page', async () => {
  for (const viewport of [{width: 1280, height: 900}, {width: 390, height: 844}]) {
    const {page, faults} = await open(browser, site.origin, {viewport});
    for (const path of WIDE) {
      await page.goto(site.origin + path);
      await page.$$eval('details.keys', (all) => all.forEach((one) => (one.open = true)));
      const wide = await page.evaluate(() => {
        const sideways = [...document.querySelectorAll('.params, .params table')].filter((one) => one.scrollWidth > one.clientWidth + 1);
        return document.documentElement.scrollWidth - document.documentElement.clientWidth > 1 ? ['page'] : sideways.map((one) => one.className || one.tagName);
      });
      assert.deepEqual(wide, [], `${path} at ${viewport.width} px`);
    }
    assert.deepEqual(faults, []);
  }
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
  for (const path of ['/tour', '/authorisation', '/command-line', '/rust-client', '/sandbox', '/adding-a-method', '/reference/user/update-user']) {
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
  // Nor in any tab, nor in the form, nor in the search.
  for (const tab of await page.locator('article [role=tab]').all()) await tab.click();
  await page.locator('.try button').click();
  await page.locator('.try form').waitFor();
  assert.match(await page.locator('.try form').innerText(), /\{x\}/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('nasty');
  await page.locator('dialog [role=option]', {hasText: '<b>'}).first().waitFor();
  assert.equal(await page.locator('dialog script, dialog b').count(), 0);
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
