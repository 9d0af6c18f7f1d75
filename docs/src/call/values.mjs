// @ts-check
// What people type into the form, read as values; texts that are no value of the type are told apart.

import {alternatives, belowKeys, isObject, isOneOf, itemOf} from './body.mjs';

/** What is wrong with a text: it is neither true nor false, or it is no number. */
export const NO_BOOLEAN = 'true or false';
export const NO_NUMBER = 'a number';

/** How values are asked for. @param {import('./body.mjs').Param} param @param {boolean} hasKeys */
export function inputOf({type}, hasKeys) {
  if (isOneOf(type)) return 'loose';
  if (type.startsWith('boolean')) return 'boolean';
  if (type === 'object') return hasKeys ? 'keys' : 'json';
  if (type === 'any') return 'loose';
  if (belowKeys(type)) return 'json';
  const item = itemOf(type);
  if (!item) return 'text';
  return isNested(item) || item === 'any' ? 'json' : 'list';
}

/** Whether values of a type hold other values. @param {string} type */
const isNested = (type) => type === 'object' || Boolean(itemOf(type) ?? belowKeys(type));

/** A typed text as a value of the type; throws what is wrong with it. @param {string} type @param {string} text @returns {any} */
export function read(type, text) {
  if (isOneOf(type)) return oneOf(type, text);
  if (type.startsWith('boolean')) {
    if (!['true', 'false'].includes(text)) throw new Error(NO_BOOLEAN);
    return text === 'true';
  }
  if (type === 'integer' || type === 'number') {
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number) || (type === 'integer' && !Number.isInteger(number))) throw new Error(NO_NUMBER);
    return number;
  }
  if (type === 'id') return /^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
  const item = itemOf(type);
  if (item && !isNested(item) && !text.trim().startsWith('[')) return text.split(',').map((one) => read(item, one.trim()));
  if (item || isNested(type)) {
    const value = JSON.parse(text);
    if (item ? !Array.isArray(value) : !isObject(value)) throw new Error(item ? '[…]' : '{…}');
    return value;
  }
  if (type === 'any') {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** A text as a value of the first type that takes it; plain text comes last. @param {string} type @param {string} text @returns {any} */
function oneOf(type, text) {
  const rank = (/** @type {string} */ one) => (one === 'string' ? 2 : one === 'id' ? 1 : 0);
  const mark = text.trim()[0];
  let fault = new Error(NO_NUMBER);
  for (const one of alternatives(type).sort((a, b) => rank(a) - rank(b))) {
    if (isNested(one) && mark !== (itemOf(one) ? '[' : '{')) continue;
    try {
      return read(one, text);
    } catch (error) {
      fault = /** @type {Error} */ (error);
    }
  }
  throw fault;
}

/** A value as people would type it. @param {string} type @param {any} value @returns {string} */
export function show(type, value) {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  const isPlain = (/** @type {any} */ one) => typeof one !== 'object' && !String(one).includes(',');
  if (Array.isArray(value) && itemOf(type) && value.length > 0 && value.every(isPlain)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value, undefined, 2) : String(value);
}
