import type { Component } from 'svelte';

/** What a page gets: the parts of the path that its route named (`:token`). */
export interface PageProps {
  params: Record<string, string>;
}
export interface Route {
  /** `/salon/:id`: each `:name` takes one segment. */
  path: string;
  /** Loaded when first shown. */
  load: () => Promise<{ default: Component<PageProps> | Component<Record<string, never>> }>;
  /** Who may see it; others are sent to sign in. */
  who: 'anyone' | 'account' | 'session';
}
export interface Match {
  route: Route;
  params: Record<string, string>;
}

/** The first route whose shape is that of `path`. */
export function match(routes: readonly Route[], path: string): Match | null {
  const segments = path.split('/').filter(Boolean);
  for (const route of routes) {
    const shape = route.path.split('/').filter(Boolean);
    if (shape.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const same = shape.every((name, index) => {
      const segment = segments[index] ?? '';
      if (!name.startsWith(':')) return name === segment;
      params[name.slice(1)] = decode(segment);
      return true;
    });
    if (same) return { route, params };
  }
  return null;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a stray % is the person's own text
  }
}

let path = $state(location.pathname);

export function here(): string {
  return path;
}

export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.pathname) return;
  // Two slashes of either kind name another host: the browser refuses, and whoever came by such an address could
  // not go back to it.
  const within = to.replace(/^[/\\]+/, '/');
  if (how === 'push') history.pushState(null, '', within);
  else history.replaceState(null, '', within);
  path = location.pathname;
}

let left = $state<string | null>(null);

/** Goes somewhere to do what is missing here; {@link resume} leads back. */
export function detour(to: string): void {
  left = location.pathname;
  go(to);
}

/** Where a detour began, until somebody went back there. */
export function leftAt(): string | null {
  return left;
}

/** Back to where a detour began. */
export function resume(): void {
  const back = left ?? '/';
  left = null;
  go(back);
}

addEventListener('popstate', () => {
  path = location.pathname;
});

// Plain links are the navigation: a click on one of ours changes the page without loading it again.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (link.pathname.startsWith('/api/') || link.hash) return;
  event.preventDefault();
  go(link.pathname);
});
