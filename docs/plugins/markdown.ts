// A page without the site's components: Markdown as any program reads it.

import {posix} from 'node:path';
import type {Source} from './machines';

/** Lines that only place something on the page. */
const FURNITURE = /^(import .* from '@theme\/\w+';|<\/?(div|Params|Tabs)\b.*>|<\/TabItem>|:::\w*|<TryIt .*)$/;

/** A page without its front matter, whose comments look like titles. */
export const bodyOf = (text: string): string => text.replace(/^---\n[^]*?\n---\n/, '');

/** The first paragraph below the title, without markup. */
export function summaryOf({text}: Source): string {
  const paragraph = /^# .*\n\n(?::::[^]*?\n:::\n\n)?(.+)$/m.exec(bodyOf(text))?.[1] ?? '';
  return bare(paragraph);
}

/** A line without its markup. */
export function bare(line: string): string {
  return line.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/\\(.)/g, '$1').replaceAll('`', '');
}

/** Where links lead. */
export interface Addresses {
  /** The twin of the page in a file. */
  twin(file: string): string;
  /** What the site serves at a path: the twin of a page, or a file. */
  served(path: string): string;
}

/** A page's text. */
export function plain(page: Source, addresses: Addresses): string {
  const body = bodyOf(page.text);
  const lines: string[] = [];
  let fence = '';
  for (const line of body.split('\n')) {
    const ticks = /^`{3,}/.exec(line)?.[0] ?? '';
    if (fence) {
      if (line.trimEnd() === fence) fence = '';
      lines.push(line);
      continue;
    }
    if (ticks) {
      fence = ticks;
      lines.push(line.replace(/ title="(.*)"$/, ''));
      const title = / title="(.*)"$/.exec(line)?.[1];
      if (title) lines.splice(-1, 0, `**${title}**`, '');
      continue;
    }
    if (FURNITURE.test(line) || line.startsWith('## Try it')) continue;
    const admonition = /^:::\w+\[(.*)\]$/.exec(line);
    const tab = /^<TabItem .*label="([^"]*)".*>$/.exec(line);
    if (admonition) lines.push(`**${admonition[1]}**`);
    else if (tab) lines.push(`**${tab[1]}**`);
    else lines.push(inline(line, page, addresses));
  }
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n').trim()}\n`;
}

function inline(line: string, page: Source, {twin, served}: Addresses): string {
  const root = page.file.startsWith('/reference/') ? '/reference' : '/';
  return line
    .replaceAll(/ ?\{\/\* #[\w-]+ \*\/\}/g, '')
    .replaceAll(/<code>\{("(?:[^"\\]|\\.)*")\}<\/code>/g, (_, literal: string) => span(JSON.parse(literal), line.startsWith('|')))
    .replaceAll(/\]\(((?:\.{0,2}\/)?[^)#\s:]*?)\.mdx?(#[^)]*)?\)/g, (_, path: string, anchor = '') => {
      // A path from `/` begins at the root of the pages that this one belongs to.
      const file = posix.join(path.startsWith('/') ? root : posix.dirname(page.file), path);
      return `](${twin(file)}${anchor})`;
    })
    .replaceAll(/\]\((?:pathname:\/\/(\/[^)\s]*)|(\/[^)#\s.]*)(#[^)]*)?)\)/g, (_, file: string | undefined, path: string, anchor = '') => `](${served(file ?? path)}${anchor})`);
}

/** Code within a line, whatever it holds. */
function span(text: string, isCell: boolean): string {
  const flat = text.replaceAll(/\s+/g, ' ');
  const longest = Math.max(0, ...(flat.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  const padded = /^`|`$/.test(flat) ? ` ${flat} ` : flat;
  return ticks + (isCell ? padded.replaceAll('|', '\\|') : padded) + ticks;
}
