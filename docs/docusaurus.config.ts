import type {Config, LoadContext} from '@docusaurus/types';
import type * as Preset from '@docusaurus/preset-classic';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import machines from './plugins/machines';
import mermaid from './plugins/mermaid';
import pages from './plugins/pages';
import documents from './plugins/reference';
import routes from './plugins/routes';
import {dark, light} from './src/prism';

// Where the pages come from: the guides are written by hand, the reference by `cargo xtask codegen`. A test may name
// another folder of pages.
const reference = process.env.DOCS_REFERENCE ?? 'reference';

// Pages whose function had another name once, by its address then.
const {redirects} = JSON.parse(readFileSync(join(__dirname, reference, '_redirects.json'), 'utf8'));

// Where the project lives: `DOCS_REPOSITORY` names a fork.
const repository = process.env.DOCS_REPOSITORY ?? 'https://github.com/example/bitrix24';

/** What guides write in its place. */
const ADDRESS = '<address of the repository>';

/** Where the pages in other languages are. */
const languages = join(dirname(reference), 'i18n');
const translated = (locale: string, plugin: string): string => join(languages, locale, plugin, 'current');

/** The source of a generated page, which its first comment names: a page is changed by changing its spec or its texts. */
function specOf(docPath: string, locale: string): string {
  const head = readFileSync(join(__dirname, reference, docPath), 'utf8').slice(0, 400);
  const spec = / from (\S+?);/.exec(head)?.[1] ?? 'specs';
  const texts = spec.replace('specs/', `specs/i18n/${locale}/`);
  return `${repository}/edit/main/${existsSync(join(__dirname, '..', texts)) ? texts : spec}`;
}

// The tables beside the pages; a test may name others.
const rows = process.env.DOCS_TABLES ?? join(__dirname, '../generated/src/tables/rows.ndjson');

// Files for programs, made at each start; the bundler wants the folder to be there.
const machine = reference === 'reference' ? '.machine' : `${reference}.machine`;
const packed = `node_modules/.cache/packed-${reference.replaceAll(/\W/g, '')}`;
for (const folder of [machine, packed]) mkdirSync(join(__dirname, folder), {recursive: true});

const title = 'Bitrix24 for Rust and the command line';
const tagline = 'Every REST method as a typed call, a command and a page';
const baseUrl = process.env.DOCS_BASE_URL ?? '/';

const config: Config = {
  title,
  tagline,
  favicon: 'img/logo.svg',
  url: process.env.DOCS_URL ?? 'https://example.github.io',
  baseUrl,
  staticDirectories: ['static', machine, packed],
  trailingSlash: false,
  // The guides lead to pages of the project, which another folder has not.
  onBrokenLinks: reference === 'reference' ? 'throw' : 'warn',
  onBrokenAnchors: 'throw',
  onDuplicateRoutes: 'throw',
  i18n: {
    defaultLocale: 'en',
    locales: ['en', 'ru'],
    path: languages,
    localeConfigs: {en: {label: 'English', htmlLang: 'en'}, ru: {label: 'Русский', htmlLang: 'ru'}},
  },
  future: {faster: {
    swcJsLoader: true,
    swcJsMinimizer: true,
    swcHtmlMinimizer: false,
    lightningCssMinimizer: true,
    rspackBundler: true,
    rspackPersistentCache: false,
    mdxCrossCompilerCache: true,
    ssgWorkerThreads: false,
  }},
  markdown: {
    format: 'mdx',
    // A text such as `:tada:` is a text.
    emoji: false,
    // Commands are copied as they stand.
    preprocessor: ({fileContent}) => fileContent.replaceAll(ADDRESS, repository),
    mermaid: true,
    hooks: {onBrokenMarkdownLinks: 'throw', onBrokenMarkdownImages: 'throw'},
  },
  presets: [
    ['classic', {
      docs: {path: 'guides', routeBasePath: '/', sidebarPath: './sidebars.ts', editUrl: `${repository}/edit/main/docs/`, editLocalizedFiles: true},
      blog: false,
      sitemap: {lastmod: null, changefreq: null, priority: null},
      theme: {customCss: './src/css/custom.css'},
    } satisfies Preset.Options],
  ],
  themes: ['@docusaurus/theme-mermaid'],
  plugins: [
    [documents as never, {
      id: 'reference',
      path: reference,
      routeBasePath: 'reference',
      sidebarPath: './sidebars.reference.ts',
      editUrl: ({docPath, locale}: {docPath: string; locale: string}) => specOf(docPath, locale),
    }],
    () => pages({folder: join(__dirname, reference)}),
    ['@docusaurus/plugin-client-redirects', {redirects}],
    ({i18n: {currentLocale, localeConfigs}}: LoadContext) => machines({
      home: __dirname,
      pages: [
        {folder: 'guides', route: '/', translated: translated(currentLocale, 'docusaurus-plugin-content-docs')},
        {folder: reference, route: '/reference', translated: translated(currentLocale, 'docusaurus-plugin-content-docs-reference')},
      ],
      rows,
      rust: join(__dirname, reference, '_rust.json'),
      words: '_words.json',
      out: machine,
      title,
      summary: `${tagline}. Each page has a Markdown twin: its address with .md behind it.`,
      locale: currentLocale,
      replace: [ADDRESS, repository],
      editions: Object.entries(localeConfigs).map(([locale, {label, baseUrl: own}]) => ({locale, label, baseUrl: own})),
    }),
    () => mermaid({home: __dirname, out: packed}),
    ({generatedFilesDir}: LoadContext) => routes({home: __dirname, generated: generatedFilesDir}),
  ],
  clientModules: ['./src/reference/anchors.ts'],
  themeConfig: {
    navbar: {
      title: 'Bitrix24',
      logo: {alt: '', src: 'img/logo.svg'},
      items: [
        {type: 'docSidebar', sidebarId: 'guides', label: 'Guides', position: 'left'},
        {to: '/reference', label: 'Reference', position: 'left', activeBaseRegex: '/reference'},
        {type: 'localeDropdown', position: 'right'},
      ],
    },
    docs: {sidebar: {hideable: true}},
    colorMode: {respectPrefersColorScheme: true},
    mermaid: {theme: {light: 'neutral', dark: 'dark'}},
    footer: {copyright: 'MIT licence. Bitrix24 is a trademark of its owner; this project is independent of it.'},
    prism: {
      theme: light,
      darkTheme: dark,
      additionalLanguages: ['rust', 'bash', 'batch', 'powershell', 'json', 'bsl', 'yaml', 'toml'],
    },
  } satisfies Preset.ThemeConfig,
};

export default config;
