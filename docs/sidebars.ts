import type {SidebarsConfig} from '@docusaurus/plugin-content-docs';

const sidebars: SidebarsConfig = {
  guides: ['index', 'authorisation', 'command-line', 'rust-client', 'batch', 'paging', 'files', 'sandbox', 'adding-a-method'],
};

export default sidebars;
