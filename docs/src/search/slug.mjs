// @ts-check

/** @type {Record<string, string>} */
const OPERATORS = {
  '>': 'gt', '<': 'lt', '=': 'eq', '!': 'not', '%': 'like', '@': 'in', '?': 'any', '*': 'all', '+': 'plus', '~': 'near',
};

/**
 * The address of a row. The connection's options are called the same on every page, so a parameter of that name has to
 * stand aside.
 * @param {string} prefix @param {string} name @param {boolean} isConnection
 */
export function rowId(prefix, name, isConnection) {
  const own = slug(name);
  const isTaken = prefix === PARAMETER && !isConnection && ['url', 'token'].includes(own);
  return `${prefix}${isTaken ? 'own-' : ''}${own}`;
}

/** What the addresses of a function's own parameters begin with. */
export const PARAMETER = 'param-';

/** What the addresses of an answer's fields begin with. */
export const FIELD = 'field-';

/**
 * What the addresses of the keys inside begin with. Two dashes part the names, because one may stand inside a name.
 * @param {string} prefix of the parameters or the fields @param {string} path with dots between the names; empty for none
 */
export function below(prefix, path) {
  return prefix + path.split('.').filter(Boolean).map((name) => `${slug(name)}--`).join('');
}

/**
 * A name as a part of an address: `UserID` is `userid`, `>=DATE` is `gteqdate`.
 * @param {string} name
 */
export function slug(name) {
  const spelled = name.replaceAll(/[><=!%@?*+~]/g, (char) => OPERATORS[char]);
  return spelled.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '');
}
