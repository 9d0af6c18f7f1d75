// The built site: the home page, the search, what programs read, keyboard and accessibility.

import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {addresses, launch, open, serve} from './site.mjs';

const BUILD = fileURLToPath(new URL('../build', import.meta.url));
const REPRESENTATIVE = [
  '/', '/tour', '/command-line', '/reference', '/reference/user', '/reference/user/update-user', '/reference/tasks/create-task',
  '/reference/coming-from-opi', '/reference/user/get-user-custom-field-file', '/measurements',
  '/reference/objects', '/reference/objects/user',
];

let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), serve(BUILD)]);
});

after(async () => {
  await browser?.close();
  site?.close();
});

const read = (path) => readFileSync(join(BUILD, path), 'utf8');

test('the home page says it in one screen, with figures that are measured', async () => {
  for (const [path, viewport] of [['/', {width: 1366, height: 768}], ['/', {width: 390, height: 844}], ['/ru/', {width: 390, height: 844}]]) {
    const {page, faults} = await open(browser, site.origin, {viewport});
    await page.goto(site.origin + path);
    const figures = await page.locator('[data-figure] + span').all();
    const ends = await Promise.all(figures.map((figure) => figure.boundingBox().then(({y, height}) => y + height)));
    assert.ok(Math.max(...ends) < viewport.height, `${path}: the figures end at ${Math.max(...ends)} of ${viewport.height} px`);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 1280, height: 800}});
  await page.goto(`${site.origin}/`);
  // That they are measured is for another test.
  const figures = page.locator('[data-figure]');
  const {requests, startMilliseconds: start} = JSON.parse(readFileSync(new URL('../src/figures.json', import.meta.url), 'utf8'));
  assert.deepEqual((await figures.allTextContents()).slice(1), [`${requests} requests`, 'Nothing was made twice', `${start} ms`]);
  // Each leads to what proves it.
  const proofs = await figures.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.deepEqual(proofs, ['/reference', '/measurements#the-client-beside-its-peers', '/measurements#faults', '/measurements#starting-oint']);
  await page.getByRole('link', {name: 'Start in ten minutes'}).click();
  await page.waitForURL('**/tour#the-first-call');
  assert.deepEqual(faults, []);
});

test('the search works by keyboard alone', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/tour`);
  const find = async (query, expected) => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type(query);
    await page.locator('dialog [role=option]').first().waitFor();
    await page.waitForFunction((text) => document.querySelector('dialog input').value === text, query);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${expected}`);
    await page.locator('article h1', {hasText: 'Update user'}).waitFor();
  };
  await find('user.update', '/reference/user/update-user');
  await find('UpdateUser', '/reference/user/update-user');
  await find('update user', '/reference/user/update-user');
  await find('ИзменитьПользователя', '/reference/user/update-user');
  await find('UF_DEPARTMENT', '/reference/user/update-user#param-fieldsstructure--uf-department');
  await page.locator('tr#param-fieldsstructure--uf-department').waitFor({state: 'visible'});
  // Arrows choose, Escape closes.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('deal');
  await page.locator('dialog [role=option]').nth(1).waitFor();
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.locator('dialog [role=option]').nth(1).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.deepEqual(faults, []);
});

test('a page can be used without a mouse', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/reference/user/update-user`);
  await page.keyboard.press('Tab');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Skip to main content/);
  const focus = async (selector) => {
    await page.locator(selector).first().focus();
    return page.evaluate(() => document.activeElement.matches(':focus-visible'));
  };
  assert.ok(await focus('article [role=tab][aria-selected=true]'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.locator('article [role=tab][aria-selected=true]').filter({hasText: 'CMD/Bat'}).first().waitFor();
  await focus('details.keys summary');
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('details.keys').first().evaluate((one) => one.open));
  await focus('.try button');
  await page.keyboard.press('Enter');
  await page.locator('.try form input').first().waitFor();
  assert.deepEqual(faults, []);
});

test('the menu opens where one goes, closes behind one, and is worked without a mouse', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 1280, height: 700}});
  const drawer = (name) => page.locator('.theme-doc-sidebar-item-category', {has: page.locator(`:scope > div > a`, {hasText: new RegExp(`^${name}$`)})}).last();
  const isOpen = (name) => drawer(name).locator('> div > button').getAttribute('aria-expanded').then((value) => value === 'true');
  const here = () => page.locator('.theme-doc-sidebar-menu [aria-current=page]');
  await page.goto(`${site.origin}/reference/user/update-user`);
  assert.equal(await here().innerText(), 'Update user');
  assert.equal(await isOpen('Users'), true);
  assert.equal(await isOpen('Tasks'), false);
  // What is closed holds nothing.
  assert.equal(await drawer('Tasks').locator('li').count(), 0);
  // One that is opened by hand stays open, one that opened by itself closes.
  await drawer('Drive').locator('> div > button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await isOpen('Drive'), true);
  await drawer('Tasks').locator('> div > a').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/reference/tasks');
  await here().filter({hasText: 'Tasks'}).waitFor();
  assert.deepEqual([await isOpen('Users'), await isOpen('Tasks'), await isOpen('Drive')], [false, true, true]);
  // The folder of the page is closed and opened by a click on it.
  await here().click();
  assert.equal(await isOpen('Tasks'), false);
  await here().click();
  assert.equal(await isOpen('Tasks'), true);
  await page.goBack();
  await here().filter({hasText: 'Update user'}).waitFor();
  assert.equal(await isOpen('Users'), true);
  // Far down in the menu a page can be seen in it.
  const last = addresses(BUILD, 'en').filter((path) => path.startsWith('/reference/sale/')).at(-1);
  await page.goto(site.origin + last);
  await here().waitFor();
  await page.waitForFunction(() => {
    const {top, bottom} = document.querySelector('.theme-doc-sidebar-menu [aria-current=page]').getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
  });
  assert.equal(await page.evaluate(() => window.scrollY), 0);
  assert.deepEqual(faults, []);
});

test('what is printed is the text, with folded tables open and every example named', async () => {
  const {page, faults} = await open(browser, site.origin, {colorScheme: 'dark'});
  await page.goto(`${site.origin}/reference/user/update-user`);
  await page.emulateMedia({media: 'print'});
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  for (const selector of ['.navbar', '.theme-doc-sidebar-container', '[role=tablist]', '.try', '#try-it', '.footer']) {
    for (const one of await page.locator(selector).all()) assert.equal(await one.isVisible(), false, selector);
  }
  assert.ok(await page.locator('#param-fieldsstructure--uf-department').isVisible());
  const {label, ground} = await page.evaluate(() => ({
    label: getComputedStyle(document.querySelector('.example'), '::before').content,
    ground: getComputedStyle(document.documentElement).backgroundColor,
  }));
  assert.equal(label, '"Bash"');
  assert.equal(ground, 'rgb(255, 255, 255)');
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  assert.equal(await page.locator('details.keys').first().evaluate((one) => one.open), false);
  assert.deepEqual(faults, []);
});

test('programs find their way', async () => {
  const llms = read('llms.txt');
  for (const [, path] of llms.matchAll(/\]\((\/[^)]*)\)/g)) {
    assert.ok(existsSync(join(BUILD, path)), `llms.txt names ${path}`);
  }
  const index = JSON.parse(read('descriptor/index.json'));
  const known = new Set(addresses(BUILD, 'en'));
  const lost = index.filter(({page}) => !known.has(page));
  assert.deepEqual(lost.slice(0, 5), [], `${lost.length} functions have no page`);
  for (const scope of new Set(index.map((row) => row.scope))) {
    const {commands, types} = JSON.parse(read(`descriptor/${scope}.json`));
    assert.equal(commands.length, index.filter((row) => row.scope === scope).length, scope);
    const missing = commands.flatMap(({params}) => params).filter(({entity}) => entity && !types[entity]);
    assert.deepEqual(missing, [], scope);
  }
  assert.match(llms, /^- \[Objects\]\(\/reference\/objects\.md\): /m);
  assert.match(read('reference/objects/user.md'), /^# User\n[^]*\n\| `UF_DEPARTMENT` \| Array Of String, Number \| [^]*\]\(\/reference\/user\/get-user\.md\)/);
  const twin = read('reference/user/update-user.md');
  assert.match(twin, /^# Update user\n/);
  assert.match(twin, /\| UserID \| `--userid` \| String, Number \| ✔ \|/);
  assert.doesNotMatch(twin, /<\/?(Tabs|TabItem|Params|TryIt|div)|^import |^:::/m);
});

test('every link of every Markdown twin and of llms.txt leads somewhere', () => {
  const twins = readdirSync(BUILD, {recursive: true, encoding: 'utf8'}).filter((name) => /\.md$|(?:^|\/)llms\.txt$/.test(name));
  assert.ok(twins.length > 3000, `${twins.length} files`);
  const isThere = (path) => existsSync(join(BUILD, path)) || existsSync(join(BUILD, `${path}.html`));
  const broken = [];
  let count = 0;
  for (const name of twins) {
    const text = read(name).replaceAll(/^(`{3,})[^]*?^\1$/gm, '').replaceAll(/(`+)[^`\n]*\1/g, '');
    for (const [, to] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(to) || to.startsWith('#')) continue;
      count += 1;
      const {pathname, protocol} = new URL(to, `http://x/${name}`);
      if (protocol !== 'http:' || !isThere(decodeURI(pathname))) broken.push(`${name}: ${to}`);
    }
    if (/href="/.test(text)) broken.push(`${name}: a link in HTML`);
  }
  assert.ok(count > 20_000, `${count} links`);
  assert.deepEqual(broken.slice(0, 10), [], `${broken.length} of ${count} links are broken`);
  for (const path of ['tour.md', 'ru/tour.md']) assert.match(read(path), path.startsWith('ru') ? /\]\(\/ru\/install\.md/ : /\]\(\/install\.md/);
});

test('the OpenAPI documents are a click away, and as large as the guide says', async () => {
  for (const [language, base] of [['en', ''], ['ru', '/ru']]) {
    const {page, faults} = await open(browser, site.origin);
    await page.goto(`${site.origin}${base}/other-languages`);
    const links = await page.locator('article a[href*=openapi]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    assert.deepEqual(links.slice(0, 3), [`${base}/openapi.json`, `${base}/openapi/user.json`, `${base}/openapi/crm.json`]);
    for (const link of links) assert.equal((await page.request.get(site.origin + link)).status(), 200, link);
    const [, size] = /openapi\.json, (\d+) (?:MB|МБ)/.exec((await page.innerText('article')).replaceAll('\u00a0', ' ')) ?? [];
    assert.equal(Number(size), Math.round(read('openapi.json').length / 1e6), language);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test('on a telephone no table is wider than its place', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: {width: 360, height: 740}});
  for (const path of [
    '/reference/tasks/v3/create-task-v3', '/reference/user/update-user', '/reference/user/get-user', '/reference/tasks/create-task', '/reference/crm/items/create-item',
    '/reference/crm/deals/get-deals-list', '/reference/disk/files/upload-file-to-storage', '/reference/settings/events/bind-event', '/reference/objects/user',
    '/reference/coming-from-opi', '/reference', '/command-line',
  ]) {
    await page.goto(site.origin + path);
    const wide = await page.locator('article table').evaluateAll((tables) => tables
      .filter((table) => table.clientWidth > 0 && Math.max(table.scrollWidth, table.getBoundingClientRect().width) > table.parentElement.clientWidth + 1)
      .map((table) => `${table.scrollWidth} in ${table.parentElement.clientWidth}: ${table.innerText.slice(0, 60)}`));
    assert.deepEqual(wide, [], path);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), path);
  }
  assert.deepEqual(faults, []);
});

test('nothing is said to be callable in the language of 1C that is not', async () => {
  const pages = readdirSync(join(BUILD, 'reference'), {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.md')).map((name) => read(`reference/${name}`));
  const scripts = pages.filter((text) => text.includes('**1C:Enterprise/OneScript**'));
  const signed = pages.filter((text) => /^`Function \w+\(/m.test(text));
  assert.ok(scripts.length > 100);
  assert.deepEqual(signed.filter((text) => !scripts.includes(text)).map((text) => text.split('\n')[0]), []);
  assert.match(read('reference.md'), new RegExp(`The Open Integration Package has ${scripts.length} of them`));
  const own = read('reference/tasks/v3/create-task-v3.md');
  assert.match(own, /^`oint bitrix24 CreateTaskV3 --url … --fields … \[--token …\]`$/m);
  assert.doesNotMatch(read('reference/tasks/v3/create-task-v3.html'), /<meta[^>]*(?:1C:Enterprise|OneScript)/);
});

test('a page tells what of the answer oint prints', () => {
  assert.match(read('reference/crm/items/create-item.md'), /oint prints `result\.item` of it/);
  assert.match(read('ru/reference/user/update-user.md'), /oint выводит из него `result`,/);
});

test('axe finds no serious fault', async () => {
  const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  const faults = [];
  const {page} = await open(browser, site.origin, {colorScheme: 'light'});
  const look = async (what, options) => {
    // What is right is not looked at any closer.
    const {violations} = await page.evaluate((all) => window.axe.run({preload: false, resultTypes: ['violations'], ...all}), options);
    for (const {id, impact, nodes} of violations) {
      if (['serious', 'critical'].includes(impact)) faults.push(`${what}: ${id}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join('; ')} (${nodes.length})`);
    }
  };
  for (const path of REPRESENTATIVE) {
    await page.emulateMedia({colorScheme: 'light'});
    await page.goto(site.origin + path);
    if (path.endsWith('update-user')) {
      await page.locator('.try button').click();
      await page.locator('.try form').waitFor();
    }
    await page.addStyleTag({content: '* { transition: none !important }'});
    await page.evaluate(axe);
    await look(`light ${path}`, {});
    // In the dark all is the same but the colours.
    await page.emulateMedia({colorScheme: 'dark'});
    await page.locator('html[data-theme=dark]').waitFor();
    await look(`dark ${path}`, {runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}});
  }
  assert.deepEqual(faults, []);
});
