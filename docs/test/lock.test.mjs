// The packages of the site, as far as a machine without a list of known faults can tell: each is locked by a digest, what
// the project names itself is named exactly, nothing comes from elsewhere, and what runs when it is installed is known.
// Known faults are looked up by `npm audit` where the site is published; not every registry answers it.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const lock = read('../package-lock.json');
const manifest = read('../package.json');
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** They only print a request for donations or choose a binary that is an optional package anyway. */
const SCRIPTS = ['node_modules/@swc/core', 'node_modules/core-js'];
/** Licences under which the tools of the site may be used; none of them reaches what readers load without its notice. */
const LICENCES = /^(MIT|MIT-0|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|Unlicense|CC0-1\.0|BlueOak-1\.0\.0|MPL-2\.0|Python-2\.0|CC-BY-4\.0|WTFPL)$/;

test('every package is locked by its digest and comes from the registry', () => {
  assert.equal(lock.lockfileVersion, 3);
  for (const [path, {integrity, resolved, link}] of packages) {
    assert.match(integrity ?? '', /^sha512-/, path);
    assert.ok(!link && !resolved, `${path} comes from ${resolved}`);
  }
});

/** Package and version of each entry; an entry that holds others speaks of the packages inside its own. */
const named = (entries, inside = '') => Object.entries(entries ?? {}).flatMap(([name, version]) => {
  const path = `${inside}node_modules/${name}`;
  return typeof version === 'string' ? [[path, version]] : named(version, `${path}/`);
});

test('the manifest and the lock name the same exact versions', () => {
  for (const part of ['dependencies', 'devDependencies', 'overrides']) {
    for (const [path, version] of named(manifest[part])) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${path} in ${part}`);
      assert.equal(lock.packages[path]?.version, version, path);
    }
  }
  for (const part of ['dependencies', 'devDependencies', 'engines']) assert.deepEqual(lock.packages[''][part], manifest[part], part);
});

test('no package runs a script that nobody has looked at, and each has a licence that is fit for it', () => {
  assert.deepEqual(packages.filter(([, {hasInstallScript}]) => hasInstallScript).map(([path]) => path), SCRIPTS);
  for (const [path, {license}] of packages) {
    const words = (license ?? '').split(/[() ]+/).filter((word) => word && word !== 'OR' && word !== 'AND');
    assert.ok(words.every((word) => LICENCES.test(word)), `${path}: ${license}`);
  }
});
