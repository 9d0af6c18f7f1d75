import type {SidebarsConfig} from '@docusaurus/plugin-content-docs';

const sidebars: SidebarsConfig = {
  guides: ['index', 'authorisation', 'command-line', 'rust-client', 'sandbox', 'adding-a-method'],
};

export default sidebars;
