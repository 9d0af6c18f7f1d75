// The way of a newcomer: from the home page to a call that is carried out, with the commands that the pages show, as they
// are copied. What fetches and builds is left out: whoever runs this test has done it.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {dirname} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {OINT, options, startPortal} from './portal.mjs';
import {launch, open, serve} from './site.mjs';

/** The address that the guide takes for granted. */
const ADDRESS = 'http://127.0.0.1:8024';
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

test('three clicks lead from the home page to a changed account', options, async () => {
  const {page, faults} = await open(browser, site.origin);
  await page.goto(`${site.origin}/`);
  await page.getByRole('link', {name: 'Start in ten minutes'}).click();
  await page.locator('h2#the-first-call').waitFor();
  const copied = [];
  for (const at of [0, 1]) {
    const block = page.locator('.theme-code-block').nth(at);
    await block.hover();
    await block.locator('button[aria-label*="Copy"]').click();
    copied.push(await page.evaluate(() => navigator.clipboard.readText()));
  }
  const [build, calls] = copied;
  assert.match(build, /^git clone https:\/\/\S+ bitrix24\ncd bitrix24\ncargo build .*\nexport PATH=.*\noint sandbox --quiet &$/);
  assert.ok(calls.includes(`${ADDRESS}${new URL(told.webhook).pathname}`), 'the webhook is the one that the portal has by itself');

  // The portal of this test has a port of its own.
  const {stdout} = await promisify(execFile)('bash', ['-ec', calls.replaceAll(ADDRESS, told.address)], {
    env: {...process.env, PATH: `${dirname(OINT)}:${process.env.PATH}`},
  });
  const [done, ...account] = stdout.split('\n');
  assert.equal(done, 'true');
  assert.match(account.join('\n'), /Oleg[^]*Lama/);
  assert.deepEqual(faults, []);
});
