// The search over the real index, without a browser.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {createSearch} from '../src/search/engine.mjs';
import {nearestTo} from '../src/search/nearest.mjs';

const text = readFileSync(new URL('../build/search.json', import.meta.url));
const index = JSON.parse(text);
const search = createSearch(index);

test('what people type finds the right page first', () => {
  for (const [query, page] of [
    ['user.update', '/reference/user/update-user'],
    ['UpdateUser', '/reference/user/update-user'],
    ['updateuser', '/reference/user/update-user'],
    ['update user', '/reference/user/update-user'],
    ['Update User', '/reference/user/update-user'],
    ['update-user', '/reference/user/update-user'],
    ['ИзменитьПользователя', '/reference/user/update-user'],
    ['изменитьпользователя', '/reference/user/update-user'],
    ['UF_DEPARTMENT', '/reference/user/update-user#param-fieldsstructure--uf-department'],
    ['uf_department', '/reference/user/update-user#param-fieldsstructure--uf-department'],
    ['crm.deal.list', '/reference/crm/deals/'],
    // What only answers hold is found there.
    ['DETAIL_URL', '/reference/objects/disk-object#field-detail-url'],
    ['limits and retries', '/limits-and-retries'],
    ['rate limit', '/limits-and-retries'],
    ['rate limits', '/limits-and-retries'],
    ['pagination', '/paging'],
    ['Lists', '/paging'],
    ['oauth', '/authorisation'],
    ['onCrmDealAdd', '/reference/settings/events/bind-event'],
    ['ONCRMDEALADD', '/reference/settings/events/bind-event'],
    ['ontaskadd', '/reference/settings/events/bind-event'],
  ]) {
    const [first] = search(query);
    assert.ok(first?.url.startsWith(page), `${query}: ${first?.url}`);
  }
  // What methods have in common stands behind the best of them.
  for (const query of ['deal', 'task', 'user']) {
    const hits = search(query).map(({url}) => url.split('#')[0]);
    assert.ok(!hits[0].startsWith('/reference/objects/'), `${query}: ${hits[0]}`);
  }
  assert.ok(search('deal', 2).some(({url}) => url === '/reference/objects/deal'));
  assert.deepEqual(search('   '), []);
  assert.deepEqual(search('zzzzqqqq'), []);
});

test('a word leads to what it is about: the folder, then the methods whose titles say little more', () => {
  const titles = (query) => search(query, 6).filter(({url}) => !url.startsWith('/reference/objects/')).map(({title}) => title);
  for (const [query, folder] of [['deal', '/reference/crm/deals'], ['Deals', '/reference/crm/deals'], ['user', '/reference/user'], ['task', '/reference/tasks']]) {
    assert.equal(search(query)[0].url, folder, query);
  }
  // These are deprecated, and looked for nevertheless.
  assert.deepEqual(titles('deal').slice(1, 4), ['Create deal', 'Get deal', 'Update deal']);
  assert.deepEqual(titles('user').slice(1, 4), ['Get user', 'Create user', 'Update user']);
  assert.equal(titles('create deal')[0], 'Create deal');
  // Many methods have a parameter of this name.
  assert.ok(search('order', 5).every(({url}) => !url.includes('#')));
  // Where no page has all words, some of them will do for a reader, but not for an address.
  assert.deepEqual(search('how to get users'), []);
  assert.ok(search('how to get users', 5, true).some(({title}) => title === 'Get users'));
});

test('Russian titles find their pages, in any form of the words, and all other names still do', () => {
  const russian = createSearch(JSON.parse(readFileSync(new URL('../build/ru/search.json', import.meta.url))));
  for (const [query, page] of [
    ['изменить пользователя', '/reference/user/update-user'],
    ['Изменить Пользователя', '/reference/user/update-user'],
    ['изменить пользователей', '/reference/user/update-user'],
    ['ИзменитьПользователя', '/reference/user/update-user'],
    ['update user', '/reference/user/update-user'],
    ['user.update', '/reference/user/update-user'],
    ['UF_DEPARTMENT', '/reference/user/update-user#param-fieldsstructure--uf-department'],
    ['сделка', '/reference/crm/deals'],
    ['задачи', '/reference/tasks'],
    ['постранично', '/paging'],
    ['лимит запросов', '/limits-and-retries'],
    ['onCrmDealAdd', '/reference/settings/events/bind-event'],
  ]) {
    const [first] = russian(query);
    assert.ok(first?.url.startsWith(page), `${query}: ${first?.url}`);
  }
  assert.equal(russian('user.update')[0].title, 'Изменить пользователя');
});

test('every function is the first hit of its method and its names, unless another one is called so, too', () => {
  const bare = (name) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');
  const owners = new Map();
  for (const [url, title, method, names] of index.functions) {
    for (const name of [method, title, ...names]) owners.set(bare(name), (owners.get(bare(name)) ?? new Set()).add(url));
  }
  const faults = [];
  for (const [url, , method, names] of index.functions) {
    for (const name of [method, ...names].filter(Boolean)) {
      const [first] = search(name, 1);
      if (first?.url !== url && owners.get(bare(name)).size < 2) faults.push(`${name}: ${first?.url}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the index is small enough to be loaded as a whole', (context) => {
  const size = gzipSync(text).length;
  context.diagnostic(`${index.functions.length} functions, ${index.guides.length} parts of guides, ${size} bytes by gzip`);
  assert.ok(size < 200_000, `${size} bytes`);
});

test('an address that leads nowhere names the page that was meant', () => {
  for (const [path, page] of [
    ['/reference/user/updateuser', '/reference/user/update-user'],
    ['/reference/user/update-usr', '/reference/user/update-user'],
    ['/reference/user/user.update', '/reference/user/update-user'],
    ['/api-reference/user/user-update.html', '/reference/user/update-user'],
    ['/rest/1/secret/crm.deal.add.json', '/reference/crm/deals/create-deal'],
    ['/reference/crm/deal/list', '/reference/crm/deals/get-deals-list'],
    [`/${encodeURIComponent('ИзменитьПользователя')}`, '/reference/user/update-user'],
    ['/guides/limits', '/limits-and-retries'],
  ]) {
    assert.equal(nearestTo(search, path)[0]?.url, page, path);
  }
  // Without a near name the folder says something still.
  assert.ok(nearestTo(search, '/reference/user/no-such-page').every(({url}) => url.startsWith('/reference/user/')));
  for (const path of ['/', '/zzzzqqqq', '/%zz']) assert.deepEqual(nearestTo(search, path), [], path);
});
