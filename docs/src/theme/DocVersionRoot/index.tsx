// The menu of the reference comes packed; here it is what the theme expects.

import type {ReactNode} from 'react';
import Original from '@theme-original/DocVersionRoot';
import type {Props} from '@theme/DocVersionRoot';
import {unpack, type Packed} from '@site/src/menu.mjs';

type Version = Props['version'];

const known = new WeakMap<Version, Version>();

function whole(version: Version): Version {
  const {packed} = version as {packed?: Record<string, Packed[]>};
  if (!packed) return version;
  const own = known.get(version) ?? {
    ...version,
    docsSidebars: Object.fromEntries(Object.entries(packed).map(([name, items]) => [name, unpack(items)])) as Version['docsSidebars'],
  };
  known.set(version, own);
  return own;
}

export default function DocVersionRoot({version, ...props}: Props): ReactNode {
  return <Original {...props} version={whole(version)} />;
}
