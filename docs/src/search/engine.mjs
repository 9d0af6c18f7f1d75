// @ts-check
// The search: names first, exactly as they are spelled anywhere, then texts. It knows nothing of the page, so that it runs
// in a test as well.

import MiniSearch from 'minisearch';
import {FIELD, PARAMETER, below, rowId, slug} from './slug.mjs';

/**
 * @typedef {object} Hit
 * @property {string} url the page, with the anchor of a parameter where the query names one
 * @property {string} title
 * @property {string} detail method and function, or the heading of a guide
 * @property {string} context category or guide
 * @property {boolean} deprecated
 */

/** @typedef {ReturnType<typeof createSearch>} Search */

/** How much more a name counts than a text; an exact name is beyond any of them. */
const BOOST = {title: 5, method: 6, names: 5, context: 1.5, text: 1};

/** The words of a text: `UserID`, `user.get` and `UF_DEPARTMENT` are more than one. @param {string} text */
function words(text) {
  const split = text.replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').toLowerCase();
  return split.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/** Endings of Russian words, which change with the place in the sentence: longest first. */
const ENDINGS = /(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|ения|ение|ению|ании|ание|ания|ить|ать|ять|еть|ых|их|ый|ий|ой|ая|яя|ое|ее|ые|ие|ую|юю|ам|ям|ах|ях|ов|ев|ей|ом|ем|[аеиоуыьюя])$/u;

/** A word as it is compared: «задачи» and «задачу» are one. @param {string} word */
const stem = (word) => (/^[а-яё]{4,}$/.test(word) ? word.replace(ENDINGS, '') : word);

/** What a guide is looked for by, whatever the form of its words: «rate limit» is «rate limits». @param {string} text */
const keyOf = (text) => words(text).map((word) => stem(word).replace(/(?<=..)s$/, '')).join(' ');

/** Names of events, which begin so and go on with what they are about: `onCrmDealAdd`, `ONCRMDEALADD`. */
const EVENT = /^on(?:\p{Lu}\p{L}{4,}|(?:app|calendar|catalog|crm|disk|im|sale|task|user|voximplant)\p{L}{3,})$/u;

/** What the handlers of events are bound with. */
const EVENTS = 'event.bind';

/** The words of a text as they are compared. @param {string} text */
const stems = (text) => words(text).map(stem);

/** A name without case and separators: `user.update`, `UpdateUser` and `update user` differ in the order at most.
 * @param {string} text */
const squeezed = (text) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');

/** What the query is, as far as names go: the parts of a score that no text can reach. */
const TIER = {method: 4000, name: 3500, guide: 3200, title: 3000, words: 2800, parameter: 2500, key: 2000, field: 1000, begins: 300};

/** What a title loses for each word that was not asked for, for each that only begins as the one that was, and by being deprecated. */
const LOSS = {more: 40, longer: 15, old: 30};

/** The least that a title has whose words are those of the query. */
const FITS = TIER.parameter + 100;

/** Whether a query is words of a language and no name: `user` is what a method is about, though some have a parameter of that name.
 * @param {string} query */
const isProse = (query) => query.trim().split(/\s+/).every((word) => /^(?:\p{L}\p{Ll}*|\d+)$/u.test(word));

/** How much of `TIER.words` a title gets that has all words of a query; nothing where one is missing, or where there are none.
 * @param {string[]} wanted @param {string[]} title */
function fitOf(wanted, title) {
  if (wanted.length === 0) return 0;
  let longer = 0;
  for (const word of wanted) {
    if (title.includes(word)) continue;
    if (!title.some((own) => own.startsWith(word))) return 0;
    longer += 1;
  }
  return Math.max(TIER.words - LOSS.more * Math.max(0, title.length - wanted.length) - LOSS.longer * longer, FITS);
}

/** @param {any} index what `search.json` holds */
export function createSearch(index) {
  /** @type {MiniSearch<any>} */
  const mini = new MiniSearch({
    fields: Object.keys(BOOST),
    storeFields: [],
    tokenize: words,
    processTerm: stem,
    searchOptions: {boost: BOOST, prefix: (term) => term.length > 1, fuzzy: (term) => (term.length > 5 ? 0.15 : false), combineWith: 'AND'},
  });
  /** @type {{hit: Hit, method: string, names: string[], title: string, words: string[], bonus: number, isObject?: boolean, keys?: string[]}[]} */
  const pages = [];
  /** Parameter, key or field, squeezed → pages with the anchor. @type {Map<string, {id: number, anchor: string, tier: number}[]>} */
  const params = new Map();
  const note = (/** @type {string} */ name, /** @type {number} */ id, /** @type {string} */ anchor, /** @type {number} */ tier) => {
    const found = params.get(name) ?? [];
    found.push({id, anchor, tier});
    params.set(name, found);
  };
  /** The fields of a result. */
  const noteFields = (/** @type {string[]} */ names, /** @type {number} */ id) => {
    for (const name of names) note(name.toLowerCase(), id, `#${rowId(FIELD, name, false)}`, TIER.field);
  };
  const documents = [];
  for (const [url, title, method, names, summary, category, kind, own, fields] of index.functions) {
    const id = pages.length;
    const [context] = index.categories[category];
    pages.push({
      hit: {url, title, detail: [method, names[0]].filter(Boolean).join(' · '), context, deprecated: (kind & 1) > 0},
      method: method.toLowerCase(), names: names.map(squeezed), title: squeezed(title), words: stems(title), bonus: kind & 4 ? 30 : kind & 2 ? 20 : 0,
    });
    documents.push({id, title, method, names: names.join(' '), context, text: summary});
    for (const [name, keys] of own) {
      note(name.toLowerCase(), id, `#${rowId(PARAMETER, name, false)}`, TIER.parameter);
      const inside = typeof keys === 'number' ? index.keys[keys] : (keys ?? []);
      for (const key of inside) note(key.toLowerCase(), id, `#${below(PARAMETER, name)}${slug(key)}`, TIER.key);
    }
    if (fields !== undefined) noteFields(index.keys[fields], id);
  }
  /** @type {[title: string, url: string, summary: string][]} */
  const folders = index.categories;
  const titles = new Map(folders.map(([title, url]) => [url, title]));
  for (const [title, url, summary] of folders) {
    const id = pages.length;
    const context = titles.get(url.slice(0, url.lastIndexOf('/'))) ?? '';
    pages.push({
      hit: {url, title, detail: summary.slice(0, 90), context, deprecated: false},
      method: '', names: [], title: squeezed(title), words: stems(title), bonus: 0,
    });
    documents.push({id, title, context, text: summary});
  }
  for (const [url, title, name, summary, fields] of index.objects) {
    const id = pages.length;
    pages.push({
      hit: {url, title, detail: summary.slice(0, 90), context: index.common, deprecated: false},
      method: '', names: [squeezed(name)], title: squeezed(title), words: stems(title), bonus: 0, isObject: true,
    });
    documents.push({id, title, names: name, context: index.common, text: summary});
    noteFields(index.keys[fields], id);
  }
  for (const [url, guide, heading, text, keywords] of index.guides) {
    const id = pages.length;
    const isWhole = !url.includes('#');
    pages.push({
      hit: {url, title: heading, detail: text.slice(0, 90), context: guide, deprecated: false},
      method: '', names: [], title: squeezed(heading), words: stems(heading), bonus: 0,
      ...(isWhole && {keys: [heading, ...(keywords ?? [])].map(keyOf)}),
    });
    documents.push({id, title: heading, context: guide, text, names: (keywords ?? []).join(' ')});
  }
  mini.addAll(documents);

  /** @param {string} query @param {number} [most] @param {boolean} [loosely] whether some of the words will do where no page has all
   * @returns {Hit[]} */
  function search(query, most = 12, loosely = false) {
    const name = query.trim().toLowerCase();
    const bare = squeezed(query);
    if (!bare) return [];
    const asked = isProse(query) ? stems(query) : [];
    const key = keyOf(query);
    const isEvent = EVENT.test(query.trim().replace(/^ON(?=\p{Lu})/u, 'on'));
    /** @type {Map<number, {score: number, anchor: string}>} */
    const scores = new Map();
    const add = (/** @type {number} */ id, /** @type {number} */ score, anchor = '') => {
      const old = scores.get(id);
      if (!old) scores.set(id, {score, anchor});
      else if (score > old.score) scores.set(id, {score, anchor: anchor || old.anchor});
    };
    // What methods have in common stands behind the methods.
    const found = mini.search(query);
    const texts = found.length > 0 || !loosely ? found : mini.search(query, {combineWith: 'OR', fuzzy: false});
    for (const {id, score} of texts) add(id, Math.min(pages[id].isObject ? score / 2 : score, TIER.begins - 1));
    for (const [id, page] of pages.entries()) {
      if (page.isObject) continue;
      const fit = fitOf(asked, page.words);
      if (page.method && page.method === name) add(id, TIER.method);
      else if (page.names.includes(bare)) add(id, TIER.name);
      else if (isEvent && page.method === EVENTS) add(id, TIER.name - 1);
      else if (page.keys?.includes(key)) add(id, TIER.guide);
      else if (page.title === bare) add(id, TIER.title);
      // Of titles that fit as well, the one whose texts say more of it.
      else if (fit > 0) add(id, fit + (scores.get(id)?.score ?? 0) / TIER.begins);
      else if (bare.length > 2 && (page.method.startsWith(name) || page.names.some((own) => own.startsWith(bare)) || page.title.startsWith(bare))) {
        add(id, TIER.begins + (scores.get(id)?.score ?? 0));
      }
    }
    // A function that changes things is where a key is looked for; among equals the better text wins.
    for (const {id, anchor, tier} of params.get(name) ?? []) {
      add(id, tier + (tier === TIER.field ? (pages[id].isObject ? 1 : 0) : pages[id].bonus), anchor);
    }
    // A deprecated method stands behind those that fit as well; by its name it is found nevertheless.
    const weight = (/** @type {number} */ id, /** @type {number} */ score) => {
      if (!pages[id].hit.deprecated) return score;
      return score >= FITS ? score - LOSS.old : score / 2;
    };
    // An object stands behind the best method; one of just this name right there.
    const best = Math.max(...[...scores].filter(([id]) => !pages[id].isObject).map(([id, {score}]) => weight(id, score)));
    for (const [id, page] of pages.entries()) {
      if (!page.isObject || best <= 0) continue;
      if (page.title === bare || page.names.includes(bare)) add(id, best - 0.1);
      const found = scores.get(id);
      if (found && found.score >= best && found.score < TIER.field) found.score = best - 0.1;
    }
    return [...scores]
      .map(([id, {score, anchor}]) => ({id, anchor, score: weight(id, score)}))
      .sort((a, b) => b.score - a.score || a.id - b.id)
      .slice(0, most)
      .map(({id, anchor}) => ({...pages[id].hit, url: pages[id].hit.url + anchor}));
  }

  /** Pages that are called nearly like one of some names, the nearest first; among equals those of the folder that was asked for.
   * @param {string[]} names @param {string} folder @param {number} most @returns {Hit[]} */
  search.nearest = (names, folder, most) => {
    const wanted = names.map(squeezed).filter(Boolean);
    const near = [];
    for (const [id, {hit, method, names: known, title}] of pages.entries()) {
      if (hit.url.includes('#')) continue;
      const own = [squeezed(method), ...known, title, squeezed(hit.url.slice(hit.url.lastIndexOf('/')))].filter(Boolean);
      const distance = Math.min(...wanted.flatMap((name) => own.map((one) => apart(name, one) / name.length)));
      if (distance <= FAR) near.push({id, distance, isElsewhere: hit.url.startsWith(`${folder}/`) ? 0 : 1, isOld: hit.deprecated ? 1 : 0});
    }
    near.sort((a, b) => a.distance - b.distance || a.isElsewhere - b.isElsewhere || a.isOld - b.isOld || a.id - b.id);
    return near.slice(0, most).map(({id}) => pages[id].hit);
  };

  /** The first pages of a folder. @param {string} folder @param {number} most @returns {Hit[]} */
  search.within = (folder, most) => pages.filter(({hit}) => hit.url.startsWith(`${folder}/`)).slice(0, most).map(({hit}) => hit);
  return search;
}

/** The share of its letters that a misspelt name may have wrong. */
const FAR = 0.3;

/** How many letters a name is away from another one, or infinitely many where it is too far from it.
 * @param {string} a @param {string} b */
function apart(a, b) {
  const limit = a.length * FAR;
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let above = Array.from({length: b.length + 1}, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let at = 1; at <= b.length; at += 1) {
      line.push(Math.min(above[at] + 1, line[at - 1] + 1, above[at - 1] + (a[row - 1] === b[at - 1] ? 0 : 1)));
    }
    if (Math.min(...line) > limit) return Infinity;
    above = line;
  }
  return above[b.length];
}
