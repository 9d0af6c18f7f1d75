import type {SidebarsConfig} from '@docusaurus/plugin-content-docs';

const sidebars: SidebarsConfig = {
  guides: [
    'index',
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
  ],
};

export default sidebars;
