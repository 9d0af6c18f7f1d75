// @ts-check
// A call as a command for each shell, quoted so that every value arrives as it is, and as a request for cURL. The
// generator writes the same for the examples of the pages; a test compares the two.

import {alternatives, belowKeys, insert, isOneOf, itemOf, path} from './body.mjs';

/**
 * @typedef {{url: string, token?: string}} Connection
 * @typedef {object} Shell
 * @property {string} comment
 * @property {string} continuation
 * @property {(text: string) => string} quote
 * @property {RegExp} special what may not stand in double quotes as it is
 * @property {(value: any) => string} awkward JSON whose texts need escapes
 * @property {string} beforeEmpty
 */

/** @type {Shell} */
const BASH = {
  comment: '#',
  continuation: ' \\',
  quote: (text) => `'${text.replaceAll("'", "'\\''")}'`,
  special: /["$`\\!\n]/,
  awkward: (value) => JSON.stringify(value),
  beforeEmpty: ' ',
};

/** @type {Shell} */
const BATCH = {comment: '::', continuation: ' ^', quote: batchQuoted, special: /["%\\\n]/, awkward: escapedSingle, beforeEmpty: ' '};

/** @type {Shell} */
const POWERSHELL = {
  comment: '#',
  continuation: ' `',
  quote: (text) => `'${text.replaceAll(/['\u2018-\u201B]/g, '$&$&')}'`,
  special: /["$`\n\u201C-\u201E]/,
  awkward: escapedSingle,
  beforeEmpty: '=',
};

/** A text for cmd, which takes every quote for the beginning or the end of a text. @param {string} text */
function batchQuoted(text) {
  const parts = text.split('"');
  const hasCarets = parts.length % 2 === 0 || parts.some((part, at) => at % 2 === 1 && /[&|<>^()]/.test(part));
  const quote = hasCarets ? '^"' : '"';
  const inner = text
    .replaceAll(/(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end ? '\\\u0000' : ''))
    .replaceAll('%', '%%')
    .replaceAll(hasCarets ? /[&|<>^()]/g : /(?!)/g, '^$&')
    .replaceAll('\u0000', quote);
  return quote + inner + quote;
}

/** JSON with single quotes, where no text in it needs an escape. @param {any} value @returns {string | undefined} */
function singleQuoted(value) {
  if (typeof value === 'string') return /['"\\]|\p{Cc}/u.test(value) ? undefined : `'${value}'`;
  return join(value, singleQuoted);
}

/** JSON with single quotes and without any double one. @param {any} value @returns {string} */
function escapedSingle(value) {
  if (typeof value !== 'string') return /** @type {string} */ (join(value, escapedSingle));
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '\\u0022').replaceAll("'", "\\'")}'`;
}

/** @param {any} value @param {(value: any) => string | undefined} write @returns {string | undefined} */
function join(value, write) {
  if (Array.isArray(value)) {
    const items = value.map(write);
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => {
    const pair = [write(key), write(inner)];
    return pair.includes(undefined) ? undefined : pair.join(':');
  });
  return entries.includes(undefined) ? undefined : `{${entries.join(',')}}`;
}

/** @param {Shell} shell @param {string} type @param {any} value */
function written(shell, type, value) {
  const quoted = (/** @type {string} */ text) => (shell.special.test(text) ? shell.quote(text) : `"${text}"`);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object' && value !== null) return quoted(singleQuoted(value) ?? shell.awkward(value));
  return quoted(value === null ? 'null' : isText(type) ? escaped(value) : value);
}

/** Whether a text is in the end read as one by the type. @param {string} type */
const isText = (type) => type === 'string' || type === 'any' || (isOneOf(type) && alternatives(type).includes('string') && !alternatives(type).includes('id'));

/** A text with escapes: a real line break cannot be typed everywhere, so the command line reads `\n` as one. It leaves alone what
 * looks like JSON. @param {string} text */
const escaped = (text) => (/^[{[]/.test(text) ? text : text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n'));

/** What the command line takes for a flag. */
const FLAG = /^(?:true|yes|y|1|on|да|истина|false|no|n|0|off|нет|ложь)$/i;

/** Whether an option of a type would make something else of a text: JSON, the name of a file, a number. Then the text stands in the
 * body, which `--params` gives as a whole. @param {string} type @param {any} value */
function isMisread(type, value) {
  if (typeof value !== 'string' || !(isText(type) || isOneOf(type))) return false;
  const trimmed = value.trim();
  const isJson = /^[{[@]/.test(trimmed) || trimmed === '-';
  // What looks like JSON gets no escapes, and a line break cannot be typed everywhere.
  if (/^[{[]/.test(value) && value.includes('\n')) return true;
  if (type === 'string') return false;
  if (type === 'any') return isJson || isWritten(trimmed);
  const types = alternatives(type);
  const isHolder = (/** @type {string} */ one) => one === 'object' || Boolean(belowKeys(one) ?? itemOf(one));
  const isList = (/** @type {string} */ one) => Boolean(itemOf(one));
  if (trimmed.startsWith('{') ? types.some((one) => isHolder(one) && !isList(one)) : trimmed.startsWith('[') ? types.some(isList) : isJson && types.some(isHolder)) return true;
  if (types.some((one) => one === 'integer' || one === 'number') && trimmed !== '' && Number.isFinite(Number(trimmed))) return true;
  if (types.some((one) => one.startsWith('boolean')) && FLAG.test(trimmed)) return true;
  return types.includes('id') && (trimmed !== value || /^-?(?:0|[1-9]\d*)$/.test(value));
}

/** Whether a text is JSON. @param {string} text */
function isWritten(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What stands between an option and its value: the next word would be taken for an option where it begins with a dash.
 * @param {Shell} shell @param {any} value */
const gap = (shell, value) => (value === '' ? shell.beforeEmpty : typeof value === 'string' && value.startsWith('-') ? '=' : ' ');

/** @param {Shell} shell @param {import('./body.mjs').Command} command @param {Record<string, any>} values @param {string} jsonFile @param {Connection} [connection] */
function commandFor(shell, command, values, jsonFile, connection) {
  const lines = [`oint bitrix24 ${command.function}`];
  if (connection) lines.push(`--url "${connection.url}"`);
  let hasJson = false;
  /** @type {Record<string, any>} */
  const rest = {};
  for (const {name, option, type, wire} of command.params) {
    if (!Object.hasOwn(values, name)) continue;
    const value = values[name];
    if (wire !== 'merge' && isMisread(type, value)) {
      insert(rest, path(wire), value);
      continue;
    }
    hasJson ||= typeof value === 'object' && value !== null;
    lines.push(`--${option}${gap(shell, value)}${written(shell, type, value)}`);
  }
  if (Object.keys(rest).length > 0) {
    hasJson = true;
    lines.push(`--params ${written(shell, 'object', rest)}`);
  }
  if (connection?.token) lines.push(`--token "${connection.token}"`);
  const note = hasJson ? `${shell.comment} ${jsonFile}\n\n` : '';
  return note + lines.join(`${shell.continuation}\n    `);
}

/**
 * Writes a command. `jsonFile` is the comment, in the reader's language, that JSON may stand in a file.
 * @typedef {(command: import('./body.mjs').Command, values: Record<string, any>, jsonFile: string, connection?: Connection) => string} Compose
 */
/** @type {Compose} */
export const bash = (...call) => commandFor(BASH, ...call);
/** @type {Compose} */
export const batch = (...call) => commandFor(BATCH, ...call);
/** @type {Compose} */
export const powershell = (...call) => commandFor(POWERSHELL, ...call);

/** The request for cURL. @param {import('./body.mjs').Command} command @param {Record<string, any>} body @param {Connection} connection */
export function curl(command, body, connection) {
  const sent = JSON.stringify(sentBy(body, connection)).replaceAll("'", "'\\''");
  return `curl -X POST \\\n    -H 'Content-Type: application/json' \\\n    -H 'Accept: application/json' \\\n    -d '${sent}' \\\n    '${addressOf(command, connection)}'`;
}

/** The body with what proves who calls: a token goes into it. @param {Record<string, any>} body @param {Connection} connection */
export function sentBy(body, {token}) {
  return token ? {...body, auth: token} : body;
}

/** The address of a method, below a webhook's or the portal's; REST 3.0 has its own. @param {import('./body.mjs').Command} command @param {Connection} connection */
export function addressOf(command, {url, token}) {
  const whole = url.includes('://') ? url : `https://${url}`;
  const root = (whole.endsWith('/') ? whole : `${whole}/`) + (token ? 'rest/' : '');
  return (command.rest === 3 ? root.replace('/rest/', '/rest/api/') : root) + command.method;
}

/** The kind of field that a type is asked for with: an item of a list is of its list's kind. @param {string} type @returns {string} */
export const kindOf = (type) => {
  if (isOneOf(type)) return 'any';
  const item = itemOf(type);
  if (item) return 'list';
  return type.startsWith('boolean') ? 'boolean' : type;
};
