// How much of the reference is in the language of the page: a reader is told where one begins.

import {usePluginData} from '@docusaurus/useGlobalData';
import type {Counts} from '@site/plugins/machines';

/** The counts where pages are missing in the language, else none. */
export function usePartly(): Counts | undefined {
  const counts = usePluginData('machines') as Counts;
  return counts.translated < counts.pages ? counts : undefined;
}
