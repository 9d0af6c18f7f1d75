// @ts-check

/** @type {Record<string, string>} */
const OPERATORS = {
  '>': 'gt', '<': 'lt', '=': 'eq', '!': 'not', '%': 'like', '@': 'in', '?': 'any', '*': 'all', '+': 'plus', '~': 'near',
};

/**
 * A name as a part of an address: `UserID` is `userid`, `>=DATE` is `gteqdate`.
 * @param {string} name
 */
export function slug(name) {
  const spelled = name.replaceAll(/[><=!%@?*+~]/g, (char) => OPERATORS[char]);
  return spelled.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '');
}
