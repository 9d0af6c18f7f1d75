// Every page of the built site, in both languages: as it is served, and as a browser shows it.
//
// To load a page anew costs a browser many times as much as to go there by the site's own router, because the program of the
// site starts each time. So every page is gone to by the router, which runs its code and builds it from its data, and is
// compared with what the server has; and some pages, which have together every part that any page has, are loaded anew,
// where the program takes over the server's page.

import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {addresses, launch, open, serve} from './site.mjs';

const BUILD = fileURLToPath(new URL('../build', import.meta.url));
const LANGUAGES = ['en', 'ru'];
/** Pages that are gone to before one is loaded anew, which tells a fault's place and frees what they took. */
const AT_ONCE = 200;
/** Milliseconds after which a page counts as one that does not come. */
const PATIENCE = 20_000;
/** Painting is no part of this. */
const VIEWPORT = {width: 800, height: 400};

let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), serve(BUILD)]);
});

after(async () => {
  await browser?.close();
  site?.close();
});

/** A page for somebody who saves data: nothing is loaded ahead. */
async function openLean() {
  const opened = await open(browser, site.origin, {viewport: VIEWPORT});
  await opened.page.addInitScript(() => {
    Object.defineProperty(navigator, 'connection', {value: {effectiveType: '4g', saveData: true}});
  });
  return opened;
}

/** The same for the walk, where nobody looks: no frame is waited for. */
async function openBlind() {
  const opened = await openLean();
  await opened.page.addInitScript(() => {
    window.requestAnimationFrame = (act) => setTimeout(() => act(performance.now()));
    window.cancelAnimationFrame = clearTimeout;
  });
  return opened;
}

/** The file of a page. */
const fileOf = (path) => [`${path}.html`, join(path, 'index.html')].map((name) => join(BUILD, name)).find((file) => existsSync(file));

/** What a page is built of: each element with its classes, inside the one around it. */
function partsOf(path) {
  const html = readFileSync(fileOf(path), 'utf8');
  const main = /<main\b[^]*?<\/main>/.exec(html)?.[0] ?? html;
  // What the bundler adds to the names of classes, and the languages and words of code, make no difference.
  const bare = (names = '') => names.replaceAll(/\w+_[\w-]{4}(?= |$)|language-\w+|(?<=^token) .*/g, '').trim();
  const parts = new Set();
  const around = [''];
  for (const [, end, name, names, single] of main.matchAll(/<(\/?)([a-z]\w*)(?:[^>]*? class="([^"]*)")?[^>]*?(\/?)>/g)) {
    if (end) around.pop();
    else {
      const own = `${name}.${bare(names)}`;
      parts.add(`${around.at(-1)} ${own}`);
      if (!single) around.push(own);
    }
  }
  return parts;
}

/** Some pages that have together every part that any page has. */
function cover(paths) {
  const all = paths.map((path) => [path, partsOf(path)]).sort(([, one], [, other]) => other.size - one.size);
  const seen = new Set();
  const chosen = [];
  for (const [path, parts] of all) {
    const before = seen.size;
    for (const part of parts) seen.add(part);
    if (seen.size > before) chosen.push(path);
  }
  return chosen;
}

/** Whether a diagram is drawn on a page. */
const hasDiagram = (path) => existsSync(join(BUILD, `${path}.md`)) && readFileSync(join(BUILD, `${path}.md`), 'utf8').includes('```mermaid');

/** Loads pages anew. Gives their faults. */
async function loadAnew(paths) {
  const {page, faults} = await openLean();
  const found = [];
  for (const path of paths) {
    try {
      await page.goto(site.origin + path, {waitUntil: 'commit', timeout: PATIENCE});
      if (hasDiagram(path)) await page.locator('.docusaurus-mermaid-container svg').first().waitFor({timeout: PATIENCE});
    } catch (error) {
      faults.push(String(error));
    }
    found.push(...faults.splice(0).map((fault) => `${path}: ${fault}`));
  }
  await page.context().close();
  return found;
}

/** The text of a page as the server has it. */
function textOf(path) {
  const html = readFileSync(fileOf(path), 'utf8');
  const part = /<article\b[^]*<\/article>/.exec(html) ?? /<main\b[^]*<\/main>/.exec(html);
  const entities = {amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'"};
  return (part?.[0] ?? '').replaceAll(/<!--[^]*?-->|<[^>]*>/g, '').replaceAll(/&([\w#]+);/g, (whole, name) => entities[name] ?? whole);
}

/** Runs in the page: goes to pages by the router. Gives those whose text is not the wanted one. */
async function walk([pages, patience]) {
  const shownText = () => {
    const part = document.querySelector('article') ?? document.querySelector('main');
    // A diagram is nothing on the server and a picture here.
    if (!part?.querySelector('.docusaurus-mermaid-container')) return part?.textContent;
    const bare = part.cloneNode(true);
    for (const picture of bare.querySelectorAll('.docusaurus-mermaid-container')) picture.remove();
    return bare.textContent;
  };
  const here = () => decodeURI(new URL(document.querySelector('link[rel=canonical]')?.href ?? location.origin).pathname);
  const found = [];
  for (const [path, wanted] of pages) {
    history.pushState({key: path}, '', path);
    dispatchEvent(new PopStateEvent('popstate', {state: {key: path}}));
    const since = performance.now();
    let shown;
    do {
      await new Promise((resolve) => setTimeout(resolve, 4));
      if (here() === path) shown = shownText();
    } while (shown !== wanted && performance.now() - since < patience);
    if (shown === wanted) continue;
    let at = 0;
    while (wanted[at] === shown?.[at]) at += 1;
    found.push(`${path}: the browser shows "${shown?.slice(at, at + 60)}" where the server has "${wanted.slice(at, at + 60)}"`);
  }
  return found;
}

test('every page answers, has a heading and no address twice, and a Markdown twin', async (context) => {
  const faults = [];
  for (const language of LANGUAGES) {
    const all = addresses(BUILD, language);
    assert.ok(all.length > 1000, `${all.length} pages`);
    context.diagnostic(`${language}: ${all.length} pages`);
    for (const path of all) {
      const answer = await fetch(site.origin + path);
      const html = await answer.text();
      if (answer.status !== 200) faults.push(`${path}: ${answer.status}`);
      if (!/<h1\b/.test(html)) faults.push(`${path}: no heading`);
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      const twice = ids.filter((id, at) => ids.indexOf(id) < at);
      if (twice.length > 0) faults.push(`${path}: twice: ${twice.slice(0, 5)}`);
      const isDocument = !/^(\/ru)?\/(measurements)?$/.test(path);
      if (isDocument && !existsSync(join(BUILD, `${path}.md`))) faults.push(`${path}: no Markdown twin`);
    }
  }
  assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults`);
});

test('pages are shown by the router as the server has them, without a fault', async (context) => {
  const walks = LANGUAGES.map(async (language) => {
    const all = addresses(BUILD, language);
    const {page, faults} = await openBlind();
    const found = [];
    for (let at = 0; at < all.length; at += AT_ONCE) {
      await page.goto(site.origin + all[at], {waitUntil: 'commit'});
      // To lay pages out and to paint them would be half of the work.
      await page.addStyleTag({content: '#nprogress, #__docusaurus { display: none !important }'});
      const pages = all.slice(at, at + AT_ONCE).map((path) => [path, textOf(path)]);
      found.push(...(await page.evaluate(walk, [pages, PATIENCE])), ...faults.splice(0).map((fault) => `${all[at]} and behind it: ${fault}`));
      if (found.length > 20) break;
    }
    await page.context().close();
    context.diagnostic(`${language}: ${all.length} pages`);
    return found;
  });
  const found = (await Promise.all(walks)).flat();
  assert.deepEqual(found.slice(0, 20), [], `${found.length} faults`);
});

test('pages are loaded anew without a fault', async (context) => {
  const chosen = LANGUAGES.map((language) => {
    const all = addresses(BUILD, language);
    // The server does not draw.
    return [...new Set([...cover(all), ...all.filter(hasDiagram)])];
  });
  context.diagnostic(LANGUAGES.map((language, at) => `${language}: ${chosen[at].length} pages`).join(', '));
  const found = (await Promise.all(chosen.map(loadAnew))).flat();
  assert.deepEqual(found.slice(0, 20), [], `${found.length} faults`);
});

test('former addresses lead on', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: VIEWPORT});
  const {redirects} = JSON.parse(readFileSync(new URL('../reference/_redirects.json', import.meta.url), 'utf8'));
  assert.ok(redirects.length > 0);
  for (const {from, to} of redirects) {
    await page.goto(site.origin + from, {waitUntil: 'commit'});
    await page.waitForURL(site.origin + to);
  }
  assert.deepEqual(faults, []);
});

test('an address that never was has a page, which names what was meant and helps on', async () => {
  const {page, faults} = await open(browser, site.origin, {viewport: VIEWPORT});
  for (const [path, heading, base, title] of [
    ['/reference/user/updateuser', 'Page not found', '', 'Update user'],
    ['/api-reference/user/user-update.html', 'Page not found', '', 'Update user'],
    ['/ru/reference/user/updateuser', 'Страница не найдена', '/ru', 'Изменить пользователя'],
  ]) {
    await page.goto(site.origin + path);
    assert.equal(await page.locator('main h1').innerText(), heading);
    const first = page.locator('main section li a').first();
    await first.waitFor();
    assert.deepEqual([await first.innerText(), await first.getAttribute('href')], [title, `${base}/reference/user/update-user`], path);
    assert.match(await page.locator('main').innerText(), new RegExp(path.replace(/\.html$/, '')));
    const starts = await page.$$eval('main nav a', (links) => links.map((link) => link.getAttribute('href')));
    for (const start of ['tour', 'reference', 'command-line']) assert.ok(starts.includes(`${base}/${start}`), `${path}: ${start}`);
    for (const start of starts) assert.ok(existsSync(fileOf(start)), start);
    assert.ok(faults.splice(0).every((fault) => fault.includes('404')), path);
  }
  // The field searches, and what it finds is there.
  await page.goto(`${site.origin}/nothing/here`);
  await page.locator('main input').fill('crm.deal.list');
  await page.locator('main section li a', {hasText: 'Get deals list'}).click();
  await page.waitForURL('**/reference/crm/deals/get-deals-list');
  await page.locator('article h1').waitFor();
  assert.ok(faults.every((fault) => fault.includes('404')));
});

test('there is no page that the map does not name', () => {
  const known = new Set(LANGUAGES.flatMap((language) => addresses(BUILD, language)).map(fileOf));
  const {redirects} = JSON.parse(readFileSync(new URL('../reference/_redirects.json', import.meta.url), 'utf8'));
  for (const {from} of redirects) known.add(fileOf(from)).add(fileOf(`/ru${from}`));
  const files = readdirSync(BUILD, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.html') && !/(^|\/)404\.html$/.test(name));
  assert.deepEqual(files.filter((name) => !known.has(join(BUILD, name))).slice(0, 5), []);
});
