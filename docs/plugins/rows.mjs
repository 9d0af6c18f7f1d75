// @ts-check
// The rows of the generator's tables. Keys inside a parameter leave out what goes without saying; here they say it, as
// `oint --describe` does.

import {readFileSync} from 'node:fs';

/** @param {Record<string, any>} row a parameter, or a key inside one @returns {Record<string, any>} */
function spelledOut({name, argument = null, option = null, short = null, type, required = false, default: own = null, values = [], meanings, wire = name, entries, ...more}) {
  return {
    name, argument, option, short, type, required, default: own, values, ...(meanings && {meanings}), wire, ...more,
    ...(entries && {entries: entries.map(spelledOut)}),
  };
}

/** @param {string | URL} path @returns {Record<string, any>[]} the rows that have a key */
export function readRows(path) {
  const rows = readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return rows.filter(({key}) => key).map((row) => ({
    ...row,
    ...(row.params && {params: row.params.map(spelledOut)}),
    ...(row.fields && {fields: row.fields.map(spelledOut)}),
  }));
}
