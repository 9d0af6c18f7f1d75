// The tables of parameters: each row has an address of its own, and a table of keys can be folded.

import {Children, cloneElement, createContext, isValidElement, useContext, type ReactElement, type ReactNode} from 'react';
import useBrokenLinks from '@docusaurus/useBrokenLinks';
import {PARAMETER, rowId, slug} from '@site/src/search/slug.mjs';

/** What the addresses of a table's rows begin with; none outside a table of parameters. */
const Prefix = createContext<string | undefined>(undefined);

/** The text of what is shown. */
function textOf(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  if (Array.isArray(node)) return node.map(textOf).join('');
  if (isValidElement<{children?: ReactNode}>(node)) return textOf(node.props.children);
  return '';
}

interface ParamsProps {
  children: ReactNode;
  /** The object whose keys are listed; none for a function's own parameters. */
  of?: string;
  /** What a closed table says of itself. */
  keys?: string;
  /** Whether it begins closed. */
  closed?: boolean;
}

export function Params({children, of, keys, closed}: ParamsProps): ReactNode {
  const table = (
    <Prefix.Provider value={of ? `${PARAMETER}${slug(of)}-` : PARAMETER}>
      <div className={of ? 'params params--keys' : 'params'}>{children}</div>
    </Prefix.Provider>
  );
  if (!keys) return table;
  return (
    <details className="keys" open={!closed}>
      <summary>{keys}</summary>
      {table}
    </details>
  );
}

/** A row of any table; in a table of parameters its first cell is the row's address. */
export function Row({children}: {children?: ReactNode}): ReactNode {
  const prefix = useContext(Prefix);
  const links = useBrokenLinks();
  const cells = Children.toArray(children).filter(isValidElement) as ReactElement<{children?: ReactNode}>[];
  const [first, ...others] = cells;
  if (prefix === undefined || first?.type !== 'td') return <tr>{children}</tr>;
  const isConnection = ['--url', '--token'].includes(textOf(others[0]?.props.children));
  const id = rowId(prefix, textOf(first.props.children), isConnection);
  links.collectAnchor(id);
  return (
    <tr id={id}>
      {cloneElement(first, undefined, <a className="param-link" href={`#${id}`}>{first.props.children}</a>)}
      {others}
    </tr>
  );
}
