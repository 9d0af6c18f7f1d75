// A link into a folded table opens it.

function reveal(): void {
  const id = decodeURIComponent(window.location.hash.slice(1));
  const target = id ? document.getElementById(id) : null;
  const folded = target?.closest<HTMLDetailsElement>('details:not([open])');
  if (!target || !folded) return;
  folded.open = true;
  target.scrollIntoView();
}

if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', reveal);
}

/** Called by the site after each change of the page. */
export function onRouteDidUpdate(): void {
  requestAnimationFrame(reveal);
}
