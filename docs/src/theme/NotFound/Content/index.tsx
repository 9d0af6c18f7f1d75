// The page for an address that leads nowhere: what it may have been meant for, a field to search with, and where to begin.

import {useEffect, useId, useState, type ReactNode} from 'react';
import Head from '@docusaurus/Head';
import {useLocation} from '@docusaurus/router';
import Translate, {translate} from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import Heading from '@theme/Heading';
import type {Props} from '@theme/NotFound/Content';
import type {Hit} from '@site/src/search/engine.mjs';
import {load} from '@site/src/search/load';
import {nearestTo} from '@site/src/search/nearest.mjs';
import {usePartly} from '@site/src/translated';
import styles from './styles.module.css';

interface Edition {
  baseUrl: string;
}

/** The base of the language that an address is in: a server may have one page of this kind for all of them. */
function baseOf(path: string, own: string, editions: Record<string, Edition>): string {
  const bases = Object.values(editions).map(({baseUrl}) => baseUrl).filter((base) => base && path.startsWith(base));
  return bases.sort((a, b) => b.length - a.length)[0] ?? own;
}

export default function NotFoundContent({className = ''}: Props): ReactNode {
  const {siteConfig: {baseUrl}, i18n: {localeConfigs}} = useDocusaurusContext();
  const {pathname} = useLocation();
  const partly = usePartly();
  const list = useId();
  // The server makes one page for all addresses.
  const [path, setPath] = useState('');
  const [query, setQuery] = useState('');
  const [hits, setHits] = useState<Hit[]>([]);
  const [isLost, setLost] = useState(false);
  const base = baseOf(path, baseUrl, localeConfigs as unknown as Record<string, Edition>);
  useEffect(() => setPath(pathname), [pathname]);
  useEffect(() => {
    if (!path) return undefined;
    let isCurrent = true;
    const own = `/${path.slice(base.length)}`;
    load(`${base}search.json`).then(
      (search) => isCurrent && setHits(query.trim() ? search(query, 8) : nearestTo(search, own)),
      () => isCurrent && setLost(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [path, base, query]);
  // The pages of another language belong to another program: they are loaded, not gone to.
  const starts = [
    {to: 'tour', label: translate({id: 'notFound.tour', message: 'Ten-minute tour'})},
    {
      to: 'reference',
      label: partly
        ? translate({id: 'notFound.referencePartly', message: 'Reference of all methods, {translated} of its {pages} pages in this language'}, {...partly})
        : translate({id: 'notFound.reference', message: 'Reference of all methods'}),
    },
    {to: 'command-line', label: translate({id: 'notFound.commandLine', message: 'Command line'})},
    {to: 'rust-client', label: translate({id: 'notFound.rust', message: 'Rust client'})},
  ];
  const where = {address: <code>{path}</code>};
  const label = translate({id: 'search.label', message: 'Search methods, functions, parameters and guides'});
  return (
    <main className={`container ${styles.page} ${className}`}>
      <Head><meta name="robots" content="noindex" /></Head>
      <Heading as="h1"><Translate id="notFound.title">Page not found</Translate></Heading>
      <p className={styles.address}>
        {path && <Translate id="notFound.address" values={where}>{'Nothing is at {address}.'}</Translate>}
      </p>
      <input
        type="search"
        aria-label={label}
        aria-controls={list}
        autoComplete="off"
        spellCheck={false}
        placeholder="user.update, UpdateUser, UF_DEPARTMENT …"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <section id={list} aria-live="polite">
        {hits.length > 0 && (
          <h2>
            {query.trim()
              ? <Translate id="search.results">Pages found</Translate>
              : <Translate id="notFound.nearest">You may be looking for</Translate>}
          </h2>
        )}
        <ul className={styles.hits}>
          {hits.map(({url, title, detail, context}) => (
            <li key={url}>
              <a href={base.replace(/\/$/, '') + url}>{title}</a>
              <span>{context}</span>
              <code>{detail}</code>
            </li>
          ))}
        </ul>
        {query.trim() && hits.length === 0 && !isLost && <p><Translate id="search.none">Nothing found.</Translate></p>}
        {isLost && <p><Translate id="search.fault">The index of the search could not be loaded. Reload the page to try again.</Translate></p>}
      </section>
      <nav aria-label={translate({id: 'notFound.begin', message: 'Or begin here'})}>
        <h2><Translate id="notFound.begin">Or begin here</Translate></h2>
        <ul className={styles.starts}>
          {starts.map(({to, label: text}) => <li key={to}><a href={base + to}>{text}</a></li>)}
        </ul>
      </nav>
    </main>
  );
}
