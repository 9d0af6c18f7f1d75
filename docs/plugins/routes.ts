// Has the site's core find its pages with `src/routes.tsx`, and has the browser get them packed.

import {join} from 'node:path';
import type {Plugin} from '@docusaurus/types';

const PARTS = {'routes.js': 'routes', 'registry.js': 'registry', 'routesChunkNames.json': 'chunks'};

/** `generated` is the folder of the files that the builder writes for itself. */
export default function routes({home, generated}: {home: string; generated: string}): Plugin {
  return {
    name: 'indexed-routes',
    configureWebpack(config, isServer) {
      const alias = {'react-router-config$': join(home, 'src/routes.tsx')};
      if (isServer || config.mode !== 'production') return {resolve: {alias}};
      const rules = Object.entries(PARTS).map(([file, part]) => ({
        test: join(generated, file),
        type: 'javascript/auto',
        use: {loader: join(__dirname, 'routes-loader.mjs'), options: {part}},
      }));
      return {resolve: {alias}, module: {rules}};
    },
  };
}
