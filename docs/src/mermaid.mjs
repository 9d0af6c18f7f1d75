// The packed Mermaid, which `plugins/mermaid.ts` lays beside the site.

const {default: mermaid} = await import(/* webpackIgnore: true */ `${__webpack_public_path__}mermaid/mermaid.esm.min.mjs`);

export default mermaid;
