// The form writes calls as the generator does: every example of every page, in every form.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {bodyOf, fileForm} from '../src/call/body.mjs';
import {rust} from '../src/call/rust.mjs';
import {bash, batch, curl, powershell} from '../src/call/shell.mjs';
import {inputOf, read, show} from '../src/call/values.mjs';
import {readRows} from '../plugins/rows.mjs';

const read_ = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const rows = readRows(new URL('../../generated/src/tables/rows.ndjson', import.meta.url));
const types = Object.fromEntries(rows.filter(({entity, fields}) => entity && fields).map((row) => [row.entity, row]));
const commands = rows.filter(({method, procedure, examples}) => method && !procedure && examples);
const words = JSON.parse(read_('../reference/_words.json'));
const names = JSON.parse(read_('../reference/_rust.json'));

const WEBHOOK = {url: 'https://b24-ar17wx.bitrix24.by/rest/1/***/'};
const TOKEN = {url: 'b24-ar17wx.bitrix24.by', token: '***'};
const BY_TOKEN = 'let client = Client::with_token("b24-ar17wx.bitrix24.by", "<token>")?;';
const CLIENT = ['let client = Client::webhook("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")?;', `// or: ${BY_TOKEN}`];

/** The code of each tab, an array an example. */
function tabs(command) {
  const page = read_(`../reference/${command.category}/${command.key}.mdx`);
  return page.split('<Tabs ').slice(1).map((part) => {
    const found = part.matchAll(/<TabItem value="(\w+)"[^>]*>\n\n(`{3,})\w+\n([^]*?)\n\2\n/g);
    return Object.fromEntries([...found].map(([, value, , code]) => [value, code]));
  });
}

/** Both ways of connecting, as a tab shows them; an application has one. */
function both(write, comment, command, values) {
  const byToken = write(command, values, words.json_file, TOKEN);
  if (command.app_only) return `${comment} A domain and a token\n${byToken}`;
  const token = byToken.split('\n\n');
  return `${comment} A webhook\n${write(command, values, words.json_file, WEBHOOK)}\n\n${comment} A domain and a token\n${token[token.length - 1]}`;
}

/** JavaScript has one kind of number: `1.0` is `1`. And it puts keys that are numbers into their order. */
function comparable(code, hasNumberKeys) {
  const numbers = code.replaceAll(/(\d)\.0(?!\d)/g, '$1');
  return hasNumberKeys ? [...numbers].sort().join('') : numbers;
}

test('every example is written like the tabs of its page', () => {
  let count = 0;
  const faults = [];
  for (const command of commands) {
    const pages = tabs(command);
    for (const [at, {arguments: values, body}] of command.examples.entries()) {
      const file = (type, name) => fileForm(type, name, words.file_content.replace('{file}', name));
      const own = bodyOf(command, values, {types, file});
      const hasNumberKeys = /"\d+":/.test(JSON.stringify(values));
      const check = (what, actual, expected) => {
        count += 1;
        if (comparable(actual, hasNumberKeys) !== comparable(expected ?? '', hasNumberKeys)) faults.push(`${command.key} ${what}\n${actual}\n--- expected\n${expected}`);
      };
      // The tables have `{"file": …}` in place of each file.
      const named = bodyOf(command, values, {types, file: (_, name) => ({file: name})});
      check('body', JSON.stringify(named), JSON.stringify(body));
      check('bash', both(bash, '#', command, values), pages[at]?.bash);
      check('bat', both(batch, '::', command, values), pages[at]?.bat);
      check('powershell', both(powershell, '#', command, values), pages[at]?.powershell);
      check('curl', curl(command, own, command.app_only ? TOKEN : WEBHOOK), pages[at]?.curl);
      check('rust', rust(command, types, values, names.functions[command.key], names.types, command.app_only ? [BY_TOKEN] : CLIENT), pages[at]?.rust);
    }
  }
  assert.ok(count > 6000, `${count} comparisons`);
  assert.deepEqual(faults.slice(0, 5), [], `${faults.length} of ${count} differ`);
});

test('what is shown in a field is read back as the same value', () => {
  for (const command of commands) {
    for (const {arguments: values} of command.examples) {
      for (const param of command.params) {
        const value = values[param.name];
        if (value === undefined || value === null || value === '' || inputOf(param, false) === 'keys') continue;
        assert.deepEqual(read(param.type, show(param.type, value)), value, `${command.key} ${param.name}`);
      }
    }
  }
  for (const [type, text] of [['integer', 'x'], ['number', ' '], ['object', '[]'], ['array<object>', '{}'], ['boolean', 'yes']]) {
    assert.throws(() => read(type, text), undefined, `${type} ${text}`);
  }
});

test('a file is shown in the form that the portal takes, with a mark in place of its content', () => {
  const sent = {file: '["picture.jpg","…base64 of picture.jpg…"]', 'file<base64>': '"…base64 of picture.jpg…"', 'file<fileData>': '{"fileData":["picture.jpg","…base64 of picture.jpg…"]}'};
  for (const [type, expected] of Object.entries(sent)) {
    assert.equal(JSON.stringify(fileForm(type, 'picture.jpg', '…base64 of picture.jpg…')), expected, type);
  }
  let count = 0;
  for (const command of commands) {
    const page = read_(`../reference/${command.category}/${command.key}.mdx`);
    assert.doesNotMatch(page, /"\w+":\{"file":"/, command.key);
    count += Number(page.includes('…base64 of '));
  }
  assert.ok(count > 25, `${count} pages`);
  const [upload] = commands.filter(({key}) => key === 'update-catalog-product');
  const {rust: shown} = tabs(upload)[0];
  assert.match(shown, /"detailPicture":File::read\("large\.jpg"\)\?\.file_data\(\)/);
  assert.match(shown, /^use bitrix24::\{.*\bFile\b/);
});

/** A command whose only parameter is of this type. */
const one = (type) => ({params: [{name: 'Value', option: 'value', type, wire: 'VALUE'}], constants: {}, method: 'x', rest: 2, function: 'X', key: 'x'});

test('what an option would take for something else is written so that it is a text', () => {
  const written = (type, value) => bash(one(type), {Value: value}, 'json').split('\n').at(-1).trim();
  const mixed = 'string|map<string>';
  for (const [type, value, expected] of [
    [mixed, 'C:\\new', `--value 'C:\\\\new'`],
    [mixed, 'two\nlines', `--value 'two\\nlines'`],
    [mixed, '- first', '--value="- first"'],
    ['string', '- first', '--value="- first"'],
    ['string', '@name', '--value "@name"'],
    [mixed, '@name', `--params "{'VALUE':'@name'}"`],
    [mixed, '-', `--params "{'VALUE':'-'}"`],
    [mixed, '[x]', '--value "[x]"'],
    ['object|array<object>|string', '[x]', `--params "{'VALUE':'[x]'}"`],
    ['object|array<object>|string', "{'a':1}", `--params '{"VALUE":"{'\\''a'\\'':1}"}'`],
    ['integer|string', '12', `--params "{'VALUE':'12'}"`],
    ['boolean|string', 'да', `--params "{'VALUE':'да'}"`],
    ['any', '@name', `--params "{'VALUE':'@name'}"`],
    ['any', 'C:\\new', `--value 'C:\\\\new'`],
    ['string', '{a}\n', `--params '{"VALUE":"{a}\\n"}'`],
  ]) {
    assert.equal(written(type, value), expected, `${type} ${value}`);
  }
});
