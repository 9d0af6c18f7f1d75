// @bitrix24/b24jssdk, the portal's own SDK for JavaScript, against the simulated portal.

import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const require = createRequire(`${process.env.PACKAGES}/package.json`);
const module = require.resolve('@bitrix24/b24jssdk').replace(/cjs[/\\]index\.cjs$/, 'esm/index.mjs');
const {B24Hook, B24OAuth} = await import(pathToFileURL(module).href);
const {HOOK, CONTROL, TOKEN, REFRESH, CLIENT, SECRET} = process.env;

/** Asks the portal's control endpoint. */
const control = async (path, body) => {
  const answer = await fetch(`${CONTROL}/_sandbox/${path}`, {method: 'POST', body: JSON.stringify(body)});
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
};
const must = (result) => {
  if (!result.isSuccess) throw new Error(result.getErrorMessages().join('; '));
  return result;
};

const portal = B24Hook.fromWebhookUrl(HOOK);
const call = async (method, params) => must(await portal.actions.v2.call.make({method, params})).getData().result;

const deals = must(await portal.actions.v2.callList.make({method: 'crm.deal.list', params: {select: ['ID', 'TITLE']}})).getData();
const listed = deals.map((deal) => Number(deal.ID)).sort((a, b) => a - b);
const generated = [];
for await (const chunk of portal.actions.v2.fetchList.make({method: 'crm.deal.list', params: {select: ['ID']}})) {
  generated.push(...chunk.map((deal) => Number(deal.ID)));
}
const got = await call('crm.deal.get', {id: listed[0]});
const added = await call('crm.deal.add', {fields: {TITLE: 'By b24jssdk', OPPORTUNITY: 10}});
await call('crm.deal.update', {id: added, fields: {TITLE: 'By b24jssdk, changed'}});
const gone = await call('crm.deal.add', {fields: {TITLE: 'To be removed'}});
await call('crm.deal.delete', {id: gone});
const calls = Array.from({length: 60}, (_, at) => ['crm.deal.add', {fields: {TITLE: `Of a batch ${at}`}}]);
const many = must(await portal.actions.v2.batchByChunk.make({calls, options: {isHaltOnError: true}})).getData();
const file = await call('disk.storage.uploadfile', {id: 1, data: {NAME: 'js.txt'}, fileContent: ['js.txt', 'anM=']});

// REST 3.0.
const task = must(
  await portal.actions.v3.call.make({method: 'tasks.task.add', params: {fields: {title: 'By b24jssdk', creatorId: 1, responsibleId: 1}}}),
).getData().result.item;
const tasks = must(
  await portal.actions.v3.batch.make({
    calls: [['tasks.task.get', {id: task.id, select: ['id', 'title']}], ['tasks.task.list', {filter: [['id', '=', task.id]], select: ['id']}]],
  }),
).getData();

await control('options', {bucket: {rate: 5, burst: 5, level: 5}});
const burst = [];
for (const id of listed.slice(0, 8)) burst.push((await call('crm.deal.get', {id})).ID);
await control('options', {bucket: null});

// The token runs out; the SDK refreshes it by itself.
const base = HOOK.split('/rest/')[0];
const application = new B24OAuth(
  {
    applicationToken: 'application', userId: 1, memberId: 'member', accessToken: TOKEN, refreshToken: REFRESH,
    expires: Math.floor(Date.now() / 1000) + 3600, expiresIn: 3600, scope: 'crm', domain: base.replace('https://', ''),
    clientEndpoint: `${base}/rest/`, serverEndpoint: `${base}/rest/`, status: 'L',
  },
  {clientId: CLIENT, clientSecret: SECRET},
);
const profile = async () => must(await application.actions.v2.call.make({method: 'profile'})).getData().result.ID;
const before = await profile();
await control('expire', {});
const after = await profile();

console.log(
  JSON.stringify({
    listed, fast: generated.sort((a, b) => a - b), got: Number(got.ID), added, gone, many, file: file.ID, burst: burst.length,
    task: task.id, tasks: tasks.map((one) => one.item?.title ?? one.items?.length), profiles: [before, after],
  }),
);
