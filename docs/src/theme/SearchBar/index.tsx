// The search of the navbar: a dialog over an index of this site, which is loaded when it is opened for the first time.

import {useCallback, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode} from 'react';
import {useHistory} from '@docusaurus/router';
import Translate, {translate} from '@docusaurus/Translate';
import useBaseUrl from '@docusaurus/useBaseUrl';
import type {Hit} from '@site/src/search/engine.mjs';
import {load} from '@site/src/search/load';
import styles from './styles.module.css';

export default function SearchBar(): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const history = useHistory();
  const base = useBaseUrl('/');
  const address = useBaseUrl('/search.json');
  const [query, setQuery] = useState('');
  const [hits, setHits] = useState<Hit[]>([]);
  const [chosen, setChosen] = useState(0);
  const [fault, setFault] = useState(false);

  const open = useCallback(() => {
    dialog.current?.showModal();
    input.current?.select();
    load(address).catch(() => setFault(true));
  }, [address]);

  useEffect(() => {
    const shortcut = (event: globalThis.KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && event.target.closest('input, textarea, select');
      const isShortcut = (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !isTyping);
      if (!isShortcut || dialog.current?.open) return;
      event.preventDefault();
      open();
    };
    window.addEventListener('keydown', shortcut);
    return () => window.removeEventListener('keydown', shortcut);
  }, [open]);

  useEffect(() => {
    let isCurrent = true;
    setChosen(0);
    if (!query.trim()) {
      setHits([]);
      return undefined;
    }
    load(address).then(
      (search) => isCurrent && (setFault(false), setHits(search(query, 12, true))),
      () => isCurrent && setFault(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [query, address]);

  const follow = (hit: Hit | undefined): void => {
    if (!hit) return;
    dialog.current?.close();
    history.push(base.replace(/\/$/, '') + hit.url);
  };

  const press = (event: KeyboardEvent): void => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && hits.length) {
      event.preventDefault();
      setChosen((chosen + step + hits.length) % hits.length);
    } else if (event.key === 'Escape') {
      // A field of this kind would only be emptied.
      event.preventDefault();
      dialog.current?.close();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      follow(hits[chosen]);
    }
  };

  useEffect(() => {
    document.getElementById(`${list}-${chosen}`)?.scrollIntoView({block: 'nearest'});
  }, [chosen, list]);

  const label = translate({id: 'search.label', message: 'Search methods, functions, parameters and guides'});
  return (
    <>
      <button type="button" className={styles.button} onClick={open} title={label} aria-keyshortcuts="Control+K">
        <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.6" /><path d="m10.5 10.5 3.6 3.6" /></svg>
        <span><Translate id="search.button">Search</Translate></span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <dialog ref={dialog} className={styles.dialog} aria-label={label} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
        <input
          ref={input}
          type="search"
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls={list}
          aria-activedescendant={hits.length ? `${list}-${chosen}` : undefined}
          aria-label={label}
          autoComplete="off"
          spellCheck={false}
          placeholder="user.update, UpdateUser, UF_DEPARTMENT …"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={press}
        />
        <ul id={list} role="listbox" aria-label={translate({id: 'search.results', message: 'Pages found'})}>
          {hits.map((hit, at) => (
            <li
              key={hit.url}
              id={`${list}-${at}`}
              role="option"
              aria-selected={at === chosen}
              onMouseMove={() => setChosen(at)}
              onClick={() => follow(hit)}>
              <strong className={hit.deprecated ? styles.deprecated : undefined}>{hit.title}</strong>
              <span className={styles.context}>{hit.context}</span>
              <span className={styles.detail}>{hit.detail}</span>
            </li>
          ))}
        </ul>
        <p role="status">
          {fault && <Translate id="search.fault">The index of the search could not be loaded. Reload the page to try again.</Translate>}
          {!fault && query.trim() && hits.length === 0 && <Translate id="search.none">Nothing found.</Translate>}
          {!query.trim() && <Translate id="search.hint">Any name will do: of a REST method, of a function, of a parameter; or words of a title.</Translate>}
        </p>
      </dialog>
    </>
  );
}
