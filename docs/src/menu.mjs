// @ts-check
// The menu of a section as it is sent: every page with a menu loads the whole of it, so that it holds nothing twice.

/**
 * What is shown in the menu: a page, or a folder of pages with a page of its own.
 * @typedef {{type: 'link', href: string, label: string, className?: string, docId: string}} Page
 * @typedef {{type: 'category', href?: string, label: string, className?: string, collapsible: boolean, collapsed: boolean, items: Item[]}} Folder
 * @typedef {Page | Folder} Item
 */

/**
 * The same for the way: label, address below the folder's, class, and in a folder whether it is closed, and what is in it, packed.
 * @typedef {[label: string, address: string, className?: string, closed?: 0 | 1, items?: any[]]} Packed
 */

/** What is below an address is written without it. @param {string} href @param {string} above */
const shortened = (href, above) => (href.startsWith(`${above}/`) ? href.slice(above.length + 1) : href);

/** @param {string} href */
const bare = (href) => href.replace(/(.)\/$/, '$1');

/** @param {any[]} items as the site's builder has them @param {string} [above] the address of the folder @returns {Packed[]} */
export function pack(items, above = '') {
  return items.map(({type, label, href, className = '', collapsed, items: inside}) => {
    if (type === 'link') return className ? [label, shortened(href, above), className] : [label, shortened(href, above)];
    if (type !== 'category' || !href) throw new Error(`the menu has no place for ${label}: it is neither a page nor a folder with a page`);
    return [label, shortened(bare(href), above), className, collapsed ? 1 : 0, pack(inside, bare(href))];
  });
}

/** @param {Packed[]} items @param {string} [above] @returns {Item[]} */
export function unpack(items, above = '') {
  return items.map(([label, address, className, closed, inside]) => {
    const href = address.startsWith('/') ? address : `${above}/${address}`;
    const look = className ? {className} : {};
    // That a link has a document is all that its readers want to know.
    if (!inside) return {type: 'link', label, href, ...look, docId: href};
    return {type: 'category', label, href, ...look, collapsible: true, collapsed: closed === 1, items: unpack(inside, href)};
  });
}
