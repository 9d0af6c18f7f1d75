// A program on clients that openapi-typescript made of two scopes: `user` of REST 2 and `tasks` of REST 3.0.

import createClient from 'openapi-fetch';
import type {components, paths as User} from './user';
import type {paths as Tasks} from './tasks';

declare const process: {env: {WEBHOOK: string}};

const webhook = process.env.WEBHOOK.replace(/\/$/, '');
const user = createClient<User>({baseUrl: webhook});
// REST 3.0 has servers of its own.
const tasks = createClient<Tasks>({baseUrl: webhook.replace('/rest/', '/rest/api/')});

function must<T>(answer: {data?: T; error?: unknown}): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function main(): Promise<void> {
  const fields: components['schemas']['UserInput'] = {NAME: 'Type', LAST_NAME: 'Script', UF_DEPARTMENT: [1]};
  const added = must(await user.POST('/user.add.json', {body: {...fields, EMAIL: 'typescript@example.org'}}));
  const id = Number(added.result);
  must(await user.POST('/user.update.json', {body: {ID: id, NAME: 'Changed'}}));
  const found = must(await user.POST('/user.get.json', {body: {ID: id}}));

  const headers = {'Idempotency-Key': 'typescript-1'};
  const task = {title: 'By a client in TypeScript', creatorId: 1, responsibleId: id};
  const first = must(await tasks.POST('/tasks.task.add', {params: {header: headers}, body: {fields: task}}));
  // The same call once more is the same task.
  const again = must(await tasks.POST('/tasks.task.add', {params: {header: headers}, body: {fields: task}}));
  if (first.result.item?.id !== again.result.item?.id) throw new Error('the call was carried out twice');
  const read = must(await tasks.POST('/tasks.task.get', {body: {id: Number(first.result.item?.id), select: ['id', 'title']}}));
  const missing = await tasks.POST('/tasks.task.get', {body: {id: 999999}});

  console.log(
    JSON.stringify({
      user: String(found.result[0]?.ID),
      name: found.result[0]?.NAME,
      task: String(read.result.item?.id),
      title: read.result.item?.title,
      refused: missing.error?.error.code,
    }),
  );
}

void main();
