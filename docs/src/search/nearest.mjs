// @ts-check
// What an address that leads nowhere was meant for: `/reference/user/updateuser`, a method's name in the address of another
// site's page, a function that is called otherwise now.

/** @typedef {import('./engine.mjs').Hit} Hit */

/** What stands in addresses and names nothing. */
const EMPTY = new Set(['index', 'reference', 'api-reference', 'rest', 'docs', 'doc', 'md', 'en', 'ru', '404']);

/** What an address asks for, the most telling part first: names of methods, then its last part, then the folders above.
 * @param {string} path without the site's base @returns {string[]} */
export function wantedBy(path) {
  const parts = path
    .split('/')
    .map((part) => decoded(part).replace(/\.(?:html?|mdx?|json|xml|php)$/i, ''))
    .filter((part) => part !== '' && !EMPTY.has(part.toLowerCase()));
  const methods = parts.filter((part) => /^\p{L}\w*(?:\.\w+)+$/u.test(part)).reverse();
  return [...new Set([...methods, ...[...parts].reverse()])];
}

/** The pages that are nearest to an address: by their names, then by the words of its last part, by its folder and by its words.
 * @param {import('./engine.mjs').Search} search
 * @param {string} path without the site's base @param {number} [most] @returns {Hit[]} */
export function nearestTo(search, path, most = 5) {
  const wanted = wantedBy(path);
  const folder = path.slice(0, path.lastIndexOf('/')) || path;
  /** @type {Map<string, Hit>} */
  const found = new Map();
  // A parameter of this name is not what an address is about.
  const add = (/** @type {Hit[]} */ hits) => {
    for (const hit of hits) if (found.size < most && !hit.url.includes('#')) found.set(hit.url, hit);
  };
  const words = (/** @type {string} */ name) => add(search(name.replaceAll(/[-_.]+/g, ' '), 4 * most));
  // `crm/deal/list` is `crm.deal.list`.
  if (wanted.length > 0) add(search.nearest([wanted[0], [...wanted].reverse().join('')], folder, most));
  if (wanted.length > 0) words(wanted[0]);
  add(search.within(folder, most));
  for (const name of wanted.slice(1)) words(name);
  return [...found.values()];
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
