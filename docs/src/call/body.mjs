// @ts-check
// From the values of a form to the body of the request: the rules that the command line and the generator follow, which
// a test holds against each other with every example there is.

/**
 * @typedef {import('../../plugins/tables').Param & {require?: string[], unless?: string, filename?: string}} Param
 * @typedef {import('../../plugins/tables').Entity} Entity
 * @typedef {Record<string, any>} Values
 * @typedef {{params: Param[], constants: Values, ordered?: boolean, app_only?: boolean, method: string | null, rest: 2 | 3, function: string, key: string}} Command
 */

/** The keys that an object may have: its own, then those of the shared type that apply.
 * @param {Param} param @param {Record<string, Entity>} types @returns {Param[]} */
export function entriesOf(param, types) {
  const own = /** @type {Param[]} */ (param.entries ?? []).filter(({readonly}) => !readonly);
  const names = new Set(own.map(({name}) => name));
  const shared = (types[param.entity ?? '']?.fields ?? [])
    .filter((field) => (param.answered || !field.readonly) && !param.omit?.includes(field.name) && !names.has(field.name))
    .map((field) => ({...field, required: field.required || Boolean(param.require?.includes(field.name))}));
  return [...own, ...shared];
}

/** The item of `array<…>`; none for another type. @param {string} type */
export const itemOf = (type) => inside(type, /^array<(.*)>$/);

/** What stands below the free keys of `map<…>`; none for another type. @param {string} type */
export const belowKeys = (type) => inside(type, /^map<(.*)>$/);

/** @param {string} type @param {RegExp} pattern */
const inside = (type, pattern) => (isOneOf(type) ? undefined : pattern.exec(type)?.[1]);

/** The types of which a value has one, as in `string|map<string>`; every other type is its own. @param {string} type @returns {string[]} */
export function alternatives(type) {
  const all = [''];
  let depth = 0;
  for (const char of type) {
    depth += Number(char === '<') - Number(char === '>');
    if (char === '|' && depth === 0) all.push('');
    else all[all.length - 1] += char;
  }
  return all;
}

/** Whether a value may have one of several types. @param {string} type */
export const isOneOf = (type) => type.includes('|') && alternatives(type).length > 1;

/** The one of several types that a value is of, as far as its kind tells. @param {string} type @param {unknown} value */
function fitting(type, value) {
  const fits = (/** @type {string} */ one) => {
    if (typeof value === 'boolean') return one.startsWith('boolean');
    if (typeof value === 'number') return ['integer', 'number', 'id', 'boolean<1/0>'].includes(one);
    if (Array.isArray(value)) return Boolean(itemOf(one));
    if (isObject(value)) return one === 'object' || Boolean(belowKeys(one));
    return one !== 'object' && !belowKeys(one) && !itemOf(one);
  };
  return alternatives(type).find(fits) ?? 'any';
}

/** @param {unknown} value @returns {value is Values} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The path of keys that `wire` stands for; a dot inside a key is escaped. @param {string} wire */
export const path = (wire) => (wire.match(/(?:\\.|[^.])+/g) ?? []).map((key) => key.replaceAll('\\.', '.'));

/** Puts a value into a body. @param {Values} body @param {string[]} keys @param {unknown} value */
export function insert(body, keys, value) {
  let object = body;
  for (const key of keys.slice(0, -1)) {
    if (!isObject(object[key])) object[key] = {};
    object = object[key];
  }
  object[keys[keys.length - 1]] = value;
}

/** A point in time that tells its offset; one without is taken for UTC. @param {string} text */
function utc(text) {
  const whole = /[T ]/.test(text) ? text.replaceAll(' ', 'T') : `${text}T00:00:00`;
  const [, date, clock, offset] = /^([^T]*)T([^+\-Z]*)(.*)$/.exec(whole) ?? ['', whole, '', ''];
  return `${date}T${clock.split('.')[0]}${offset || 'Z'}`;
}

/** A file as the portal takes it. @param {string} type @param {string} name @param {string} content in base64 */
export function fileForm(type, name, content) {
  if (type === 'file<base64>') return content;
  return type === 'file<fileData>' ? {fileData: [name, content]} : [name, content];
}

/** What a file is called, by its path or its address. @param {string} place */
const nameOf = (place) => place.slice(Math.max(place.lastIndexOf('/'), place.lastIndexOf('\\')) + 1);

/** What values are made with: the shared types, and what becomes of the file at a path or an address.
 * @typedef {{types: Record<string, Entity>, file: (type: string, name: string, place: string) => unknown}} Known */

/** A value as the portal takes it.
 * @param {string} type @param {Param[]} entries @param {any} value @param {Known} known @returns {any} */
function form(type, entries, value, known) {
  if (isOneOf(type)) return form(fitting(type, value), entries, value, known);
  const item = itemOf(type);
  if (item && Array.isArray(value)) return value.map((one) => form(item, entries, one, known));
  if (type.startsWith('boolean') && typeof value === 'boolean') {
    const [, yes, no] = /<(.)\/(.)>/.exec(type) ?? [];
    const word = value ? yes : no;
    return word === undefined ? value : /\d/.test(word) ? Number(word) : word;
  }
  if (type === 'datetime<Z>' && typeof value === 'string') return utc(value);
  if (type.startsWith('file') && typeof value === 'string') return known.file(type, nameOf(value), value);
  const inner = belowKeys(type);
  if (inner && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, form(inner, entries, one, known)]));
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
      const entry = entries.find(({name}) => name === key);
      return [key, entry ? wireForm(entry, inner, known) : inner];
    }));
  }
  return value;
}

/** @param {Param} param @param {any} value @param {Known} known */
export const wireForm = (param, value, known) => form(param.type, entriesOf(param, known.types), value, known);

/** The body of a call. @param {Command} command @param {Values} values @param {Known} known @returns {Values} */
export function bodyOf(command, values, known) {
  /** @type {Values} */
  let body = {};
  for (const [key, value] of Object.entries(command.constants)) insert(body, path(key), value);
  const given = (/** @type {string} */ name) => Object.hasOwn(values, name);
  for (const param of [...command.params].sort((a, b) => Number(b.group ?? false) - Number(a.group ?? false))) {
    if (param.unless && given(param.unless)) continue;
    const own = given(param.name) ? values[param.name] : param.default;
    if (own === undefined || (own === null && !given(param.name))) continue;
    const named = param.filename && given(param.filename) ? values[param.filename] : undefined;
    const isNamed = param.type.startsWith('file') && named !== undefined;
    const value = isNamed ? known.file(param.type, named, own) : wireForm(param, own, known);
    if (param.wire !== 'merge') insert(body, path(param.wire), value);
    else if (isObject(value)) body = {...body, ...value, ...pick(value, body)};
  }
  return command.ordered ? arranged(body, command.params) : body;
}

/** The entries of a body that an object has too: what was set before stays. @param {Values} value @param {Values} body */
function pick(value, body) {
  return Object.fromEntries(Object.keys(value).filter((key) => Object.hasOwn(body, key)).map((key) => [key, body[key]]));
}

/** The keys in the order of the parameters; others follow. @param {Values} body @param {Param[]} params */
function arranged(body, params) {
  const order = params.filter(({wire}) => wire !== 'merge').map(({wire}) => path(wire)[0]);
  const rest = Object.keys(body).filter((key) => !order.includes(key));
  return Object.fromEntries([...order.filter((key) => Object.hasOwn(body, key)), ...rest].map((key) => [key, body[key]]));
}
