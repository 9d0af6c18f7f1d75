// The figures of the home page are those that were measured, and those of the tables.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {readRows} from '../plugins/rows.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const figures = JSON.parse(read('../src/figures.json'));
const written = (number) => number.toLocaleString('en');

test('docs/benchmarks.md proves every figure of the home page', () => {
  const measured = read('../benchmarks.md');
  for (const proof of [
    `${written(figures.methods)} methods`,
    `${written(figures.commands)} functions`,
    `list of ${written(figures.list)}`,
    `| ${written(figures.requests)} |`,
    `| ${written(figures.requestsPageByPage)} |`,
    `${figures.runs} runs`,
    `${figures.startMilliseconds} ms`,
  ]) {
    assert.ok(measured.includes(proof), `docs/src/figures.json: "${proof}" is not in docs/benchmarks.md`);
  }
});

test('there are as many methods and commands as the home page says', () => {
  const rows = readRows(new URL('../../generated/src/tables/rows.ndjson', import.meta.url));
  const commands = rows.filter(({key}) => !/^(type|category):/.test(key));
  const methods = new Set(commands.filter(({method}) => method).map(({method, rest}) => `${method} ${rest}`));
  assert.deepEqual({methods: methods.size, commands: commands.length}, {methods: figures.methods, commands: figures.commands});
});
