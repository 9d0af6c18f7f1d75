// The menu beside a page, for thousands of pages. The theme's own draws all of it anew at each step of the router, opens every
// folder for good and loads every page that can be seen in it. Here a step draws two rows and the folders around them, a
// folder that is closed holds nothing, one that opened by itself closes when it is left, and a page is loaded when it is pointed at.

import {memo, useCallback, useEffect, useRef, useState, type MouseEvent, type ReactNode} from 'react';
import {useHistory} from '@docusaurus/router';
import {translate} from '@docusaurus/Translate';
import {ThemeClassNames} from '@docusaurus/theme-common';
import type {Props} from '@theme/DocSidebarItems';
import styles from './styles.module.css';

type Item = Props['items'][number];
type Link = Extract<Item, {type: 'link'}>;
type Folder = Extract<Item, {type: 'category'}>;
type Chosen = (item: Item) => void;

interface Place<T> {
  item: T;
  level: number;
  onChosen: Chosen;
}

const {docSidebarItemLink, docSidebarItemLinkLevel, docSidebarItemCategory, docSidebarItemCategoryLevel} = ThemeClassNames.docs;

/** An address as two of them are compared. */
const normal = (href: string): string => href.toLowerCase().replace(/(.)\/$/, '$1');

const insides = new WeakMap<Folder, Set<string>>();

/** The addresses of a folder and of all that is in it. */
function inside(folder: Folder): Set<string> {
  const known = insides.get(folder);
  if (known) return known;
  const own = new Set(folder.href ? [normal(folder.href)] : []);
  for (const item of folder.items) {
    if (item.type === 'link') own.add(normal(item.href));
    if (item.type === 'category') for (const href of inside(item)) own.add(href);
  }
  insides.set(folder, own);
  return own;
}

export default function DocSidebarItems({items, activePath, level, onItemClick}: Props): ReactNode {
  const latest = useRef(onItemClick);
  useEffect(() => {
    latest.current = onItemClick;
  });
  const onChosen = useCallback<Chosen>((item) => latest.current?.(item), []);
  return <Items items={items} here={normal(activePath)} level={level} onChosen={onChosen} />;
}

/** `here` is the address of the page where it is among the items, so that nothing else changes with it. */
const Items = memo(function Items({items, here, level, onChosen}: {items: readonly Item[]; here: string; level: number; onChosen: Chosen}): ReactNode {
  return items.map((item, at) => {
    if (item.type === 'link') return <Row key={at} item={item} isHere={normal(item.href) === here} level={level} onChosen={onChosen} />;
    if (item.type === 'category') return <Drawer key={at} item={item} here={inside(item).has(here) ? here : ''} level={level} onChosen={onChosen} />;
    return null;
  });
});

const Row = memo(function Row({item, isHere, level, onChosen}: Place<Link> & {isHere: boolean}): ReactNode {
  const names = [docSidebarItemLink, docSidebarItemLinkLevel(level), 'menu__list-item', item.className];
  return (
    <li className={joined(names)}>
      <Anchor item={item} href={item.href} isHere={isHere} className={joined(['menu__link', isHere && 'menu__link--active'])} onChosen={onChosen} />
    </li>
  );
});

const Drawer = memo(function Drawer({item, here, level, onChosen}: Place<Folder> & {here: string}): ReactNode {
  const isHere = here !== '' && here === normal(item.href ?? '');
  const [byHand, setByHand] = useState<boolean>();
  // Wherever one goes within the folder, it is open.
  useEffect(() => {
    if (here) setByHand((open) => (open === false ? undefined : open));
  }, [here]);
  const isOpen = byHand ?? (here !== '' || !item.collapsed);
  const choose = useCallback<Chosen>((chosen) => {
    setByHand(isHere ? !isOpen : undefined);
    onChosen(chosen);
  }, [isHere, isOpen, onChosen]);
  const label = isOpen
    ? translate({id: 'theme.DocSidebarItem.collapseCategoryAriaLabel', message: "Collapse sidebar category '{label}'", description: 'The ARIA label to collapse the sidebar category'}, {label: item.label})
    : translate({id: 'theme.DocSidebarItem.expandCategoryAriaLabel', message: "Expand sidebar category '{label}'", description: 'The ARIA label to expand the sidebar category'}, {label: item.label});
  const names = [docSidebarItemCategory, docSidebarItemCategoryLevel(level), 'menu__list-item', !isOpen && 'menu__list-item--collapsed', item.className];
  return (
    <li className={joined(names)}>
      <div className={joined(['menu__list-item-collapsible', isHere && 'menu__list-item-collapsible--active'])}>
        <Anchor item={item} href={item.href ?? ''} isHere={isHere} className={joined(['menu__link', 'menu__link--sublist', here !== '' && 'menu__link--active'])} onChosen={choose} />
        <button type="button" className="clean-btn menu__caret" aria-label={label} aria-expanded={isOpen} onClick={() => setByHand(!isOpen)} />
      </div>
      {isOpen && <ul className="menu__list"><Items items={item.items} here={here} level={level + 1} onChosen={onChosen} /></ul>}
    </li>
  );
});

/** A link that is followed by the router. The theme's own watches the window for every single one. */
function Anchor({item, href, isHere, className, onChosen}: {item: Link | Folder; href: string; isHere: boolean; className: string; onChosen: Chosen}): ReactNode {
  const history = useHistory();
  const element = useRef<HTMLAnchorElement>(null);
  const to = href.replace(/(.)\/$/, '$1');
  useEffect(() => {
    if (isHere && element.current) show(element.current);
  }, [isHere]);
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onChosen(item);
    if (!isHere || window.location.hash) history.push(to);
  };
  const load = (): void => void window.docusaurus.preload(to);
  return (
    <a ref={element} href={to} className={className} aria-current={isHere ? 'page' : undefined} onClick={follow} onMouseEnter={load} onTouchStart={load}>
      <span className={styles.label}>{item.label}</span>
    </a>
  );
}

/** Moves the menu, and nothing else, to where the page is in it. */
function show(element: HTMLElement): void {
  const menu = element.closest('.menu');
  if (!menu || menu.clientHeight === 0) return;
  const [outer, own] = [menu.getBoundingClientRect(), element.getBoundingClientRect()];
  if (own.top < outer.top || own.bottom > outer.bottom) menu.scrollTop += own.top - outer.top - outer.height / 3;
}

const joined = (names: (string | false | undefined)[]): string => names.filter(Boolean).join(' ');
