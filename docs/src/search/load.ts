// The search with its index, which is loaded when somebody searches for the first time.

import type {Search} from './engine.mjs';

const loading = new Map<string, Promise<Search>>();

/** The search over the index at an address. One that could not be loaded is tried again. */
export function load(address: string): Promise<Search> {
  const known = loading.get(address);
  if (known) return known;
  const own = (async () => {
    const [engine, answer] = await Promise.all([import('./engine.mjs'), fetch(address)]);
    if (!answer.ok) throw new Error(`${answer.status} ${address}`);
    return engine.createSearch(await answer.json());
  })();
  loading.set(address, own);
  own.catch(() => loading.delete(address));
  return own;
}
