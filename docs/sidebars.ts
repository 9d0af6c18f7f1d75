import type {SidebarsConfig} from '@docusaurus/plugin-content-docs';

// Each guide stands under its own title, in either language.
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
  ],
};

export default sidebars;
