// Diagrams are drawn by Mermaid as its authors packed it: a copy beside the site, loaded by the pages that have one. Taking
// it to pieces and packing it again would cost more than all the guides.

import {cpSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Plugin} from '@docusaurus/types';

const ENTRY = 'mermaid.esm.min.mjs';
const CHUNKS = 'chunks/mermaid.esm.min';

/** `out` is a folder that the site serves as it is. */
export default function mermaid({home, out}: {home: string; out: string}): Plugin {
  const dist = join(dirname(require.resolve('mermaid/package.json')), 'dist');
  return {
    name: 'packed-mermaid',
    async loadContent() {
      const files = [ENTRY, ...readdirSync(join(dist, CHUNKS)).map((name) => `${CHUNKS}/${name}`)];
      for (const file of files.filter((name) => name.endsWith('.mjs'))) cpSync(join(dist, file), join(home, out, 'mermaid', file));
    },
    configureWebpack: () => ({resolve: {alias: {mermaid$: join(home, 'src/mermaid.mjs')}}}),
  };
}
