// The page of the simulated portal in a real browser.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {OINT, options, startPortal} from './portal.mjs';
import {launch, open} from './site.mjs';

let browser;
let portal;
let told;

before(async () => {
  if (!OINT) return;
  browser = await launch();
  portal = await startPortal();
  told = portal.told;
});

after(async () => {
  await browser?.close();
  portal?.stop();
});

/** Calls a method by the webhook. */
const call = async (method, params) =>
  (await fetch(told.webhook + method, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(params)})).json();

test('data and requests are shown as text, and no secret', options, async () => {
  const nasty = '<img src=x onerror="document.title=1"> & \'quoted\'';
  const {result: id} = await call('crm.deal.add', {fields: {TITLE: nasty}});
  await call('crm.deal.get', {id: 999});
  const {page, faults} = await open(browser, told.address);
  await page.goto(`${told.address}/`);
  assert.equal(await page.title(), 'Simulated portal');
  assert.match(await page.textContent('#data'), /Schmidt/);
  await page.click('nav a:has-text("crm.deal ")');
  assert.match(await page.textContent('nav strong'), /^crm\.deal \d+$/);
  const row = await page.locator('#data tbody tr', {has: page.locator(`td:text-is("${id}")`)}).first().textContent();
  assert.ok(row.includes(nasty), row);
  const requests = await page.$$eval('#requests tbody tr', (rows) => rows.map((row) => row.textContent));
  assert.ok(requests[0].includes('crm.deal.get') && requests[0].includes('400'), requests[0]);
  const source = await page.content();
  for (const secret of [told.token, told.refresh_token, told.client_secret, told.webhook.split('/').at(-2)]) {
    assert.ok(!source.includes(secret), 'a secret is shown');
  }
  assert.deepEqual(faults, []);
});

test('it fits a telephone', options, async () => {
  const {page, faults} = await open(browser, told.address, {viewport: {width: 360, height: 740}});
  await page.goto(`${told.address}/?collection=crm.deal`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false);
  assert.deepEqual(faults, []);
});
