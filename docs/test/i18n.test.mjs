// The site in Russian: translated pages, English ones with a note, and the way from one language to the other.

import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {launch, open, serve} from './site.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const TEXTS = folder('../i18n/ru/docusaurus-plugin-content-docs-reference/current');
const BUILD = folder('../build');
const NOTE = 'Эта страница пока только на английском.';
let browser;
let site;
let nasty;

before(async () => {
  [browser, site, nasty] = await Promise.all([launch(), serve(BUILD), serve(folder('../.nasty/build'))]);
});

after(async () => {
  await browser?.close();
  site?.close();
  nasty?.close();
});

test('the language is changed on the page where one is', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/reference/user/update-user`);
  assert.equal(await page.textContent('article h1'), 'Update user');
  assert.equal(await page.locator('.only-english').count(), 0);
  await page.getByRole('button', {name: 'English'}).hover();
  await page.getByRole('link', {name: 'Русский'}).click();
  await page.waitForURL('**/ru/reference/user/update-user');
  assert.equal(await page.getAttribute('html', 'lang'), 'ru');
  assert.equal(await page.textContent('article h1'), 'Изменить пользователя');
  // The page's own script sets the title once more when it has started.
  await page.waitForFunction(() => document.title.startsWith('Изменить пользователя'));
  assert.equal(await page.locator('.only-english').count(), 0);
  const article = await page.textContent('article');
  for (const part of ['Параметр', 'Опция CLI', 'Номер изменяемой учётной записи, который возвращает GetUser.', 'Возвращает:', 'Ошибки', 'Внутренний номер']) {
    assert.ok(article.includes(part), part);
  }
  const menu = await page.locator('nav.menu').innerText();
  for (const label of ['Пользователи', 'Изменить пользователя']) assert.ok(menu.includes(label), label);
  assert.match(await page.locator('.navbar').innerText(), /Руководства[^]*Справочник/);
  // The address of a part is the same in both languages.
  for (const id of ['errors', 'fields', 'see-also']) assert.equal(await page.locator(`article #${id}`).count(), 1, id);
  assert.deepEqual(faults, []);
});

test('what methods answer is told in the language, too', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/ru/reference/user/get-user`);
  await page.locator('article').getByRole('link', {name: /^Поля каждой записи в result/}).click();
  await page.waitForURL('**/ru/reference/objects/user');
  await page.locator('article h1', {hasText: 'Пользователь'}).waitFor();
  assert.match(await page.locator('tr#field-last-login').innerText(), /Время последнего входа.*Только чтение\.$/);
  assert.match(await page.locator('nav.menu').innerText(), /Объекты/);
  assert.deepEqual(faults, []);
});

test('the form speaks the language of its page, in the code that it writes, too', async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/ru/reference/user/update-user`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  await form.getByLabel('UserID').waitFor();
  const text = (await form.innerText()).replaceAll('\u00a0', ' ');
  assert.match(text, /# Вместо JSON можно указать путь к файлу \.json\n[^]*oint bitrix24 UpdateUser/);
  assert.match(text, /Номер изменяемой учётной записи, который возвращает GetUser\./);
  assert.doesNotMatch(text, /JSON data can|Number of the account/);
  assert.deepEqual(faults, []);
});

test('guides are translated; what is not is English, and says so', async () => {
  const {page, faults} = await open(browser, site.origin);
  for (const path of ['/ru/measurements', '/ru/reference/vibe']) {
    await page.goto(site.origin + path);
    assert.equal(await page.locator('.only-english').innerText(), NOTE, path);
    assert.match(await page.textContent('[lang=en] h1'), /^[A-Z]/);
  }
  assert.match(await page.locator('.navbar').innerText(), /Руководства/);
  await page.goto(`${site.origin}/ru/tour`);
  assert.equal(await page.textContent('article h1'), 'Знакомство за десять минут');
  assert.equal(await page.locator('.only-english').count(), 0);
  assert.match(await page.locator('nav.menu').innerText(), /Командная строка/);
  assert.match(await page.locator('.pagination-nav').innerText(), /Установка командной строки/);
  await page.goto(`${site.origin}/ru/`);
  assert.match(await page.locator('main').innerText(), /Все методы Bitrix24/);
  assert.deepEqual(faults, []);
});

test('every page of one language is there in the other, translated where there are texts', () => {
  const pages = (path) => readdirSync(join(BUILD, path), {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.html')).sort();
  assert.deepEqual(pages('ru/reference'), pages('reference'));
  const texts = readdirSync(TEXTS, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.mdx'));
  assert.ok(texts.length > 10, `${texts.length} pages`);
  for (const name of texts) {
    const html = [name.replace(/\.mdx$/, '.html'), name.replace(/(\/|^)index\.mdx$/, '.html')]
      .map((file) => join(BUILD, 'ru/reference', file))
      .concat(join(BUILD, 'ru/reference.html'))
      .find((file) => existsSync(file));
    assert.ok(!readFileSync(html, 'utf8').includes(NOTE), name);
  }
});

test('how much is translated is said where one begins', async () => {
  const pages = readdirSync(join(BUILD, 'ru/reference'), {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.html')).map((name) => join('ru/reference', name));
  pages.push('ru/reference.html');
  const own = pages.map((name) => readFileSync(join(BUILD, name), 'utf8')).filter((html) => html.includes('theme-doc-markdown'));
  const translated = own.filter((html) => !html.includes(NOTE)).length;
  const {page, faults} = await open(browser, site.origin);
  for (const [path, place] of [['/ru/', 'main'], ['/ru/reference', 'article']]) {
    await page.goto(site.origin + path);
    const text = (await page.innerText(place)).replaceAll(/[\u00a0\u202f]/g, ' ');
    assert.match(text, new RegExp(`на русск\\S+: ${translated} из ${own.length}`), path);
  }
  await page.goto(`${site.origin}/`);
  assert.equal(await page.locator('[data-translated]').count(), 0);
  assert.doesNotMatch(readFileSync(join(BUILD, 'reference.md'), 'utf8'), /pages are in this language/);
  assert.deepEqual(faults, []);
});

test('programs read Russian, too, where there are texts', () => {
  const read = (path) => readFileSync(join(BUILD, path), 'utf8');
  const twin = read('ru/reference/user/update-user.md');
  assert.match(twin, /^# Изменить пользователя\n/);
  assert.match(twin, /\]\(\/ru\/reference\/user\/create-user\.md\)/);
  assert.match(read('ru/tour.md'), /^# Знакомство/);
  assert.match(read('ru/reference/vibe.md'), /^# [A-Z]/);
  const llms = read('ru/llms.txt');
  assert.match(llms, /\[English\]\(\/llms\.txt\)[^]*\[Пользователи\]\(\/ru\/reference\/user\.md\): [А-Я]/);
  assert.match(read('llms.txt'), /\[Русский\]\(\/ru\/llms\.txt\)/);
  for (const [, path] of llms.matchAll(/\]\((\/[^)]*)\)/g)) assert.ok(existsSync(join(BUILD, path)), `llms.txt names ${path}`);
});

test('texts in another language are shown as they were written, too', async () => {
  const {page, faults} = await open(browser, nasty.origin);
  await page.goto(`${nasty.origin}/ru/reference/thing/nasty-thing`);
  const text = (await page.innerText('article')).replaceAll(/\s+/g, ' ');
  for (const part of [
    'Гадкий {x} <script>alert(1)</script> | `code` */ {{ y }} {% z %} :::tip https://[oops and https://example.org/a?b=c&d - \\ " \'.',
    'кто {x} <b> | `code` */',
    'Текст {x} <b>bold</b> | `c` */ \\ " \' $HOME %PATH% end.',
    'Значит {x} <b>.',
    'Ключ {x} <b>bold</b> | `c` */ \\n &amp; #{z}.',
    'Ошибка {x} <b> | `c` */ end.',
    'Ответ {x} <b> | `c` */ end.',
  ]) {
    assert.ok(text.includes(part), `missing: ${part}\nin ${text}`);
  }
  assert.equal(await page.locator('article h1').innerText(), 'Гадкая \\ "вещь" {x} <b> | `code` */ {{ y }}');
  assert.equal(await page.locator('article script, article b').count(), 0);
  await page.goto(`${nasty.origin}/ru/reference/thing/list-thing-nastier`);
  assert.equal(await page.locator('.only-english').count(), 1);
  assert.deepEqual(faults, []);
});
