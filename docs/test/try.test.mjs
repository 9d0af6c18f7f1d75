// The form of a reference page against a real simulated portal.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {OINT, options, startPortal} from './portal.mjs';
import {launch, open, serve} from './site.mjs';

let browser;
let site;
let portal;
let told;

before(async () => {
  if (!OINT) return;
  [browser, site] = await Promise.all([launch(), serve(fileURLToPath(new URL('../build', import.meta.url)))]);
  portal = await startPortal();
  told = portal.told;
});

after(async () => {
  await browser?.close();
  site?.close();
  portal?.stop();
});

test('a call is put together, sent to the portal of this machine and nowhere else', options, async () => {
  const {page, faults} = await open(browser, site.origin, {allowed: [new URL(told.webhook).origin]});
  await page.goto(`${site.origin}/reference/user/update-user`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  await form.getByLabel('UserID').fill('2150');
  await form.getByLabel('NAME', {exact: true}).fill('Ann "the | Ox" O\'Neil');
  const text = async () => (await form.innerText()).replaceAll('\u00a0', ' ');
  assert.match(await text(), /--userid 2150[^]*user::update\(2150\)[^]*\.name\("Ann \\"the \| Ox\\" O'Neil"\)[^]*"NAME": "Ann \\"the \| Ox\\" O'Neil"/);

  const address = form.getByLabel(/Webhook/);
  const send = form.getByRole('button', {name: 'Send'});
  for (const elsewhere of ['https://b24-ar17wx.bitrix24.by/rest/1/code/', 'http://127.0.0.1.example.org/rest/1/code/', 'nonsense']) {
    await address.fill(elsewhere);
    assert.ok(await send.isDisabled(), elsewhere);
  }
  await address.fill(told.webhook);
  await send.click();
  await form.getByText('HTTP 200').waitFor();
  assert.match(await text(), /"result": true/);
  const answer = await fetch(`${told.webhook}user.get`, {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"ID": 2150}'});
  assert.equal((await answer.json()).result[0].NAME, 'Ann "the | Ox" O\'Neil');

  const kept = await page.evaluate(() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie]));
  assert.ok(!kept.includes('/rest/') && !kept.includes(told.webhook.split('/').at(-2)), kept);
  assert.deepEqual(faults, []);
});

test('what only applications may call goes by a token', options, async () => {
  const {page, faults} = await open(browser, site.origin, {allowed: [new URL(told.webhook).origin]});
  await page.goto(`${site.origin}/reference/settings/events/bind-event`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  const text = async () => (await form.innerText()).replaceAll('\u00a0', ' ');
  await form.getByLabel(/portal on this machine/).fill(new URL(told.webhook).origin);
  assert.match(await text(), /--token "sandboxtoken0000"[^]*Client::with_token\([^]*"auth":"sandboxtoken0000"/);
  await form.getByRole('button', {name: 'Send'}).click();
  await form.getByText('HTTP 200').waitFor();
  assert.match(await text(), /"result": true/);
  assert.deepEqual(faults, []);
});

test('what is missing or wrong is said beside the field', options, async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/reference/user/update-user`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  await form.getByLabel('UserID').fill('');
  assert.equal(await form.getByLabel('UserID').getAttribute('aria-invalid'), 'true');
  await form.getByRole('button', {name: 'Add a key'}).click();
  await form.getByLabel('Key of FieldsStructure').last().fill('UF_USR_BADGE');
  await form.getByLabel('UF_USR_BADGE', {exact: true}).fill('A-113');
  assert.match(await form.innerText(), /"UF_USR_BADGE": "A-113"/);
  assert.deepEqual(faults, []);
});

test('a file is sent with its content, and never with what stands for it on the page', options, async () => {
  const {page, faults} = await open(browser, site.origin, {allowed: [new URL(told.webhook).origin]});
  await page.goto(`${site.origin}/reference/disk/files/upload-file-to-storage`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  const text = async () => (await form.innerText()).replaceAll('\u00a0', ' ');
  await form.getByLabel('StorageID').fill('1');
  await form.getByLabel(/^Name/).fill('hello.txt');
  await form.getByLabel(/^File/).fill('hello.txt');
  assert.match(await text(), /"fileContent":\["hello\.txt","…base64 of hello\.txt…"\]/);
  assert.match(await text(), /--file "hello\.txt"[^]*File::read\("hello\.txt"\)/);
  await form.getByLabel(/Webhook/).fill(told.webhook);
  const send = form.getByRole('button', {name: 'Send'});
  assert.ok(await send.isDisabled());
  assert.match(await text(), /Choose the file/);
  await form.getByLabel('Content of hello.txt').setInputFiles({name: 'hello.txt', mimeType: 'text/plain', buffer: Buffer.from('hello, portal')});
  await form.getByText('It is sent in place of').waitFor();
  assert.match(await text(), /…base64 of hello\.txt…/);
  const [request] = await Promise.all([page.waitForRequest((one) => one.method() === 'POST'), send.click()]);
  assert.deepEqual(JSON.parse(request.postData()).fileContent, ['hello.txt', Buffer.from('hello, portal').toString('base64')]);
  await form.getByText('HTTP 200').waitFor();
  assert.deepEqual(faults, []);
});

test('texts keep their lines, and the shell follows the tab that is clicked', options, async () => {
  const {page, faults} = await open(browser, site.origin, {allowed: [new URL(told.webhook).origin]});
  await page.goto(`${site.origin}/reference/chats/messages/send-message`);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  const message = form.getByLabel('Text', {exact: true});
  await message.fill('');
  await message.evaluate((field) => {
    field.focus();
    document.execCommand('insertText', false, '- one\nC:\\new');
  });
  const text = async () => (await form.innerText()).replaceAll('\u00a0', ' ');
  assert.match(await text(), /--\w[\w-]*='- one\\nC:\\\\new'/);
  await page.getByRole('tab', {name: 'PowerShell'}).first().click();
  await form.getByText('oint bitrix24').first().waitFor();
  await page.waitForFunction(() => /`\n/.test(document.querySelector('.try').innerText.replaceAll('\u00a0', ' ')));
  assert.match(await text(), /PowerShell/);
  assert.deepEqual(faults, []);
});

test('an answer that is only the example of the page says so', options, async () => {
  const {page, faults} = await open(browser, site.origin, {allowed: [new URL(told.webhook).origin]});
  const index = JSON.parse(await (await page.request.get(`${site.origin}/descriptor/index.json`)).text());
  const {page: canned} = index.find(({method}) => method === 'landing.site.getList');
  await page.goto(site.origin + canned);
  const form = page.locator('.try');
  await form.getByRole('button').click();
  await form.getByLabel(/Webhook|portal on this machine/).fill(told.webhook);
  await form.getByRole('button', {name: 'Send'}).click();
  await form.getByText('HTTP 200').waitFor();
  assert.match(await form.innerText(), /answers with the example of its page/);
  assert.deepEqual(faults, []);
});
