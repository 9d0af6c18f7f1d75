// A page of the reference, from the blocks that `plugins/page.mjs` reads.

import type {ReactNode} from 'react';
import Link from '@docusaurus/Link';
import useBrokenLinks from '@docusaurus/useBrokenLinks';
import Admonition from '@theme/Admonition';
import CodeBlock from '@theme/CodeBlock';
import Heading from '@theme/Heading';
import TabItem from '@theme/TabItem';
import Tabs from '@theme/Tabs';
import {TryIt} from '@site/src/call/TryIt';
import type {Block, Heading as HeadingData, Params as ParamsData, Piece, Tab, Table as TableData} from '@site/plugins/page.mjs';

export function Page({blocks}: {blocks: Block[]}): ReactNode {
  return blocks.map((block, at) => <Part key={at} block={block} />);
}

function Part({block}: {block: Block}): ReactNode {
  if ('heading' in block) return <Title {...block.heading} />;
  if ('paragraph' in block) return <p><Text pieces={block.paragraph} /></p>;
  if ('list' in block) return <ul>{block.list.map((item, at) => <li key={at}><Text pieces={item} /></li>)}</ul>;
  if ('box' in block) return <div className={block.box}><Page blocks={block.in} /></div>;
  if ('table' in block) return <Table table={block.table} />;
  if ('params' in block) return <Params {...block.params} />;
  if ('tabs' in block) return <Example tabs={block.tabs} />;
  if ('note' in block) return <Note {...block} />;
  if ('form' in block) return <TryIt {...block.form} />;
  return <CodeBlock language={block.language} title={block.title}>{block.code}</CodeBlock>;
}

function Title({level, id, in: pieces}: HeadingData): ReactNode {
  if (level === 1) return <header><h1><Text pieces={pieces} /></h1></header>;
  // A heading that is one text gives its link a name.
  const [text] = pieces;
  const isPlain = pieces.length === 1 && typeof text === 'string';
  return <Heading as={level === 2 ? 'h2' : 'h3'} id={id}>{isPlain ? text : <Text pieces={pieces} />}</Heading>;
}

/** Without a title of its own it has its kind's. */
function Note({note, title, in: blocks}: {note: string; title?: string; in: Block[]}): ReactNode {
  return <Admonition type={note} {...(title && {title})}><Page blocks={blocks} /></Admonition>;
}

function Text({pieces}: {pieces: Piece[]}): ReactNode {
  return pieces.map((piece, at) => {
    if (typeof piece === 'string') return piece;
    if ('code' in piece) return <code key={at}>{piece.code}</code>;
    return <Link key={at} to={piece.to}><Text pieces={piece.in} /></Link>;
  });
}

/** The chosen shell or language holds for every example of the site; only it is rendered. */
function Example({tabs}: {tabs: Tab[]}): ReactNode {
  return (
    <Tabs groupId="code" lazy>
      {tabs.map(({value, label, language, code}, at) => (
        <TabItem key={value} value={value} label={label} default={at === 0}>
          <div className="example" data-label={label}>
            <CodeBlock language={language}>{code}</CodeBlock>
          </div>
        </TabItem>
      ))}
    </Tabs>
  );
}

function Params({kind, keys, closed, table}: ParamsData): ReactNode {
  const rows = <div className={kind ? `params params--${kind}` : 'params'}><Table table={table} /></div>;
  if (!keys) return rows;
  return (
    <details className="keys" open={!closed}>
      <summary>{keys}</summary>
      {rows}
    </details>
  );
}

/** Most tables come as markup that was made from escaped text: elements for their cells would be half of all elements. */
function Table({table}: {table: TableData}): ReactNode {
  const links = useBrokenLinks();
  const head = <thead dangerouslySetInnerHTML={{__html: table.head.html}} />;
  if ('cells' in table) {
    const {cells, ids} = table;
    for (const id of ids ?? []) links.collectAnchor(id);
    const first = (cell: Piece[], id?: string): ReactNode =>
      id ? <a className="param-link" href={`#${id}`}><Text pieces={cell} /></a> : <Text pieces={cell} />;
    return (
      <table className={ids ? undefined : 'pages'}>
        {head}
        <tbody>
          {cells.map((row, at) => (
            <tr key={at} id={ids?.[at]}>
              {row.map((cell, column) => <td key={column}>{column === 0 ? first(cell, ids?.[at]) : <Text pieces={cell} />}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  for (const id of table.rows.ids ?? []) links.collectAnchor(id);
  for (const to of table.rows.to ?? []) links.collectLink(to);
  return (
    <table className={table.rows.ids?.length ? undefined : 'pages'}>
      {head}
      <tbody dangerouslySetInnerHTML={{__html: table.rows.html}} />
    </table>
  );
}
