// Has the site's core find its pages with `src/routes.tsx`.

import {join} from 'node:path';
import type {Plugin} from '@docusaurus/types';

export default function routes({home}: {home: string}): Plugin {
  return {
    name: 'indexed-routes',
    configureWebpack: () => ({resolve: {alias: {'react-router-config$': join(home, 'src/routes.tsx')}}}),
  };
}
