// A link into a folded table opens it, and so does printing, for as long as it lasts.

function reveal(): void {
  const id = decodeURIComponent(window.location.hash.slice(1));
  const target = id ? document.getElementById(id) : null;
  const folded = target?.closest<HTMLDetailsElement>('details:not([open])');
  if (!target || !folded) return;
  folded.open = true;
  target.scrollIntoView();
}

/** The tables that were folded before the page was printed. */
let folded: HTMLDetailsElement[] = [];

if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', reveal);
  window.addEventListener('beforeprint', () => {
    folded = Array.from(document.querySelectorAll<HTMLDetailsElement>('details.keys:not([open])'));
    for (const table of folded) table.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const table of folded) table.open = false;
  });
}

/** Called by the site after each change of the page. */
export function onRouteDidUpdate(): void {
  requestAnimationFrame(reveal);
}
