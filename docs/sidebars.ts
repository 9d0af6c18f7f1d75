import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {SidebarsConfig} from '@docusaurus/plugin-content-docs';

/** A guide under its own title, which i18n/<language>/docusaurus-plugin-content-docs/current.json translates. */
function guide(id: string) {
  const text = readFileSync(join(__dirname, 'guides', `${id}.md`), 'utf8');
  const label = /^title: (.+)$/m.exec(text)?.[1] ?? id;
  return {type: 'doc' as const, id, label, key: id, translatable: true};
}

const sidebars: SidebarsConfig = {
  guides: [
    'index',
    'install',
    'authorisation',
    'command-line',
    'bulk',
    'rust-client',
    'whole-program',
    'batch',
    'paging',
    'files',
    'limits-and-retries',
    'observability',
    'mcp',
    'sandbox',
    'other-languages',
    'adding-a-method',
    'translating',
    'architecture',
  ].map(guide),
};

export default sidebars;
