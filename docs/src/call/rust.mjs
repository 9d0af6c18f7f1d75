// @ts-check
// A call as Rust, as the generator writes it for the examples of the pages; a test compares the two.

import {alternatives, belowKeys, entriesOf, isObject, isOneOf, itemOf, wireForm} from './body.mjs';

/**
 * What Rust calls a function: its path, its arguments by name, the setters whose name is not the key in snake case, and
 * the struct of its arguments where they are many.
 * @typedef {[path: string, args: string[], names: Record<string, string>, struct?: string]} RustName
 * @typedef {import('./body.mjs').Param} Param
 */

/** Words of a name, as the generator splits it. @param {string} name */
export function snake(name) {
  const split = name.replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2');
  return split.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).join('_');
}

/** A string literal. @param {string} string */
function text(string) {
  /** @type {Record<string, string>} */
  const short = {'\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0'};
  const inner = string
    .replaceAll(/["\\]/g, '\\$&')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00A0]/gu, (char) => short[char] ?? `\\u{${char.codePointAt(0)?.toString(16)}}`);
  return `"${inner}"`;
}

const SMALL = 2 ** 31;

/** @param {any} value */
function json(value) {
  if (typeof value === 'string') return text(value);
  const isSmall = typeof value === 'number' && (!Number.isInteger(value) || (value < SMALL && value >= -SMALL));
  if (typeof value === 'boolean' || isSmall) return String(value);
  return `json!(${literal(value)})`;
}

/** JSON as `json!` takes it: as it is, but for numbers that Rust would take for too large an `i32`. @param {any} value @returns {string} */
function literal(value) {
  if (Number.isSafeInteger(value) && (value >= SMALL || value < -SMALL)) return `${value}_i64`;
  if (Array.isArray(value)) return `[${value.map(literal).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${literal(one)}`).join(',')}}`;
}

/** @type {Record<string, string>} */
const ELEMENTS = {integer: 'i64', number: 'f64', id: 'Id', object: 'Value', any: 'Value', string: 'String', date: 'String'};

/** Whether every value is a text as it goes over the wire. @param {string} type */
const isText = (type) => alternatives(type).every((one) => ['string', 'date', 'datetime'].includes(one));

/** @param {string} type */
function element(type) {
  if (isText(type)) return 'String';
  if (type.startsWith('boolean')) return 'bool';
  if (type.startsWith('datetime')) return 'String';
  return ELEMENTS[type] ?? 'Value';
}

/** @param {string} type @param {Param} param @param {any} value @param {any} types @returns {string} */
function typed(type, param, value, types) {
  if (type === 'object' || type === 'any' || belowKeys(type) || isOneOf(type)) {
    const form = wireForm({...param, type}, value, {types, file: (_, name) => name});
    return typeof form === 'string' ? json(form) : `json!(${inMacro(type, param, value, types)})`;
  }
  const item = itemOf(type);
  if (type.startsWith('file') && typeof value === 'string') return `File::read(${text(value)})?`;
  if (item && Array.isArray(value)) {
    if (value.length === 0) return `Vec::<${element(item)}>::new()`;
    const texts = value.filter((one) => typeof one === 'string').length;
    const isMixed = texts > 0 && texts < value.length && item === 'id';
    const plain = (/** @type {any} */ one) => text(typeof one === 'string' ? one : JSON.stringify(one));
    const lengths = new Set(value.filter(Array.isArray).map((one) => one.length));
    const each = (/** @type {any} */ one) => {
      if (isMixed) return plain(one);
      // Their neighbours, or those of the list around them, may be of another type.
      if (isOneOf(item) && !isText(item)) return `json!(${inMacro(item, param, one, types)})`;
      // Lists in a list are arrays of one length, or vectors.
      const inner = typed(item, param, one, types);
      return itemOf(item) && lengths.size > 1 ? `Vec::from(${inner})` : inner;
    };
    return `[${value.map(each).join(', ')}]`;
  }
  if (type === 'number' && typeof value === 'number') return /[.eE]/.test(String(value)) ? String(value) : `${value}.0`;
  if ((type === 'integer' || type === 'id') && typeof value === 'number') {
    if (!Number.isInteger(value)) return text(String(value));
    return value < SMALL && value >= -SMALL ? String(value) : `${value}_i64`;
  }
  if (type.startsWith('boolean') && typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? text(value) : json(value);
}

/** What a file is called by, in the form of its type. @type {Record<string, string>} */
const FORMS = {'file<base64>': 'base64', 'file<fileData>': 'file_data'};

/** A value as the macro `json!` takes it: a file in it is an expression. @param {string} type @param {Param} param @param {any} value @param {any} types */
function inMacro(type, param, value, types) {
  /** @type {string[]} */
  const files = [];
  const file = (/** @type {string} */ kind, /** @type {string} */ _, /** @type {string} */ place) =>
    `\0${files.push(`File::read(${text(place)})?.${FORMS[kind] ?? 'pair'}()`) - 1}`;
  const marked = literal(wireForm({...param, type}, value, {types, file}));
  return files.reduce((code, expression, at) => code.replaceAll(JSON.stringify(`\0${at}`), () => expression), marked);
}

/** A struct's field needs the value itself. @param {string} type @param {Param} param @param {any} value @param {any} types @returns {string} */
function owned(type, param, value, types) {
  const item = itemOf(type);
  if (item && Array.isArray(value)) return `vec![${value.map((one) => owned(item, param, one, types)).join(', ')}]`;
  if (type.startsWith('boolean') || type.startsWith('file')) return typed(type, param, value, types);
  return `${typed(type, param, value, types)}.into()`;
}

/** The call with what it needs before it.
 * @param {import('./body.mjs').Command} command @param {Record<string, any>} types @param {Record<string, any>} values
 * @param {RustName} rust @param {Record<string, Record<string, string>>} typeNames @param {string[]} [connection] */
export function rust(command, types, values, [path, args, names, struct], typeNames, connection) {
  /** Parameters, and the entries that stand at the top of the body. @type {Map<string, {param: Param, ident: string}>} */
  const known = new Map();
  const merged = command.params.filter(({wire}) => wire === 'merge');
  for (const param of merged) {
    for (const entry of entriesOf(param, types)) {
      const isOwn = param.entries?.some(({name}) => name === entry.name);
      const ident = (isOwn ? names[entry.name] : typeNames[param.entity ?? '']?.[entry.name]) ?? snake(entry.name);
      known.set(entry.name, {param: entry, ident});
    }
  }
  for (const param of command.params) {
    if (param.wire !== 'merge') known.set(param.name, {param, ident: names[param.name] ?? snake(param.name)});
  }
  const find = (/** @type {string} */ name) => {
    if (Object.hasOwn(values, name)) return values[name];
    for (const {name: object} of merged) {
      if (isObject(values[object]) && Object.hasOwn(values[object], name)) return values[object][name];
    }
    return known.get(name)?.param.default ?? null;
  };
  const list = args.map((name) => {
    const {param, ident} = /** @type {{param: Param, ident: string}} */ (known.get(name));
    return struct ? `${ident}: ${owned(param.type, param, find(name), types)}` : typed(param.type, param, find(name), types);
  });
  const module = path.split('::').slice(0, -1).join('::');
  const inner = struct ? `${module}::${struct} { ${list.join(', ')} }` : list.join(', ');
  /** @type {string[]} */
  const steps = [];
  for (const param of command.params) {
    if (!Object.hasOwn(values, param.name) || (param.wire !== 'merge' && args.includes(param.name))) continue;
    const value = values[param.name];
    if (param.group) steps.push(`.param(${text(param.name)}, ${typed(param.type, param, value, types)})`);
    else if (param.wire === 'merge' && isObject(value)) {
      const entries = entriesOf(param, types);
      for (const [key, one] of Object.entries(value)) {
        if (args.includes(key)) continue;
        const entry = entries.find(({name}) => name === key);
        if (entry) steps.push(`.${known.get(key)?.ident}(${typed(entry.type, entry, one, types)})`);
        else steps.push(`.param(${text(key)}, ${json(one)})`);
      }
    } else steps.push(`.${known.get(param.name)?.ident ?? snake(param.name)}(${typed(param.type, param, value, types)})`);
  }
  steps.push('.send(&client)', '.await?;');
  const call = `let result = ${path}(${inner})`;
  const whole = steps.length === 2 ? call + steps.join('') : [call, ...steps].join('\n    ');
  const uses = [path.split('::')[0], 'Client'];
  if (whole.includes('json!(')) uses.push('json');
  if (whole.includes('File::')) uses.push('File');
  if (whole.includes('Vec::<Id>')) uses.push('Id');
  if (whole.includes('Vec::<Value>')) uses.push('Value');
  const isLower = (/** @type {string} */ name) => /^\p{Ll}/u.test(name);
  uses.sort((a, b) => Number(isLower(a)) - Number(isLower(b)) || (a < b ? -1 : 1));
  return [`use bitrix24::{${uses.join(', ')}};`, '', ...(connection ?? []), ...(connection ? [''] : []), whole].join('\n');
}
