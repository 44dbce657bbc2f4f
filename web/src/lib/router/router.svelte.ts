import { link as linkTo, within } from '../base/base.js';

/**
 * Where one is, on the History API. Our own because it is this small: the routers there are either put the place into
 * the fragment, which here carries secrets, or bring a file layout and a code generator for a dozen pages.
 */
class Router {
  #url = $state.raw(new URL(location.href));
  #hasMoved = false;
  #hasReturned = false;

  constructor() {
    window.addEventListener('popstate', () => {
      this.#hasReturned = true;
      this.#arrive();
    });
    document.addEventListener('click', (event) => this.#follow(event));
  }

  get path(): string {
    // Nothing but the service's own is ever shown here.
    return within(this.#url.pathname) ?? this.#url.pathname;
  }
  get query(): URLSearchParams {
    return this.#url.searchParams;
  }
  /** Path and query, to come back to. */
  get here(): string {
    return this.path + this.#url.search;
  }
  /** Whether one came to this page from another one of ours, and not by loading it. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** Whether one came by the browser's way back or forth: a page may then be as it was left. */
  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  /** @param to a path of ours, with its query */
  go(to: string, how: 'push' | 'replace' = 'push'): void {
    const url = new URL(linkTo(to), location.origin);
    // Nobody is led out of here, whatever an address says.
    if (url.origin !== location.origin || within(url.pathname) === null) return;
    if (how === 'push') history.pushState(null, '', url);
    else history.replaceState(null, '', url);
    this.#hasReturned = false;
    this.#arrive();
    if (how === 'push') window.scrollTo(0, 0);
  }

  /** Keeps a filter in the address without a step in the history. Empty values are left out. */
  setQuery(values: Readonly<Record<string, string>>): void {
    const url = new URL(this.#url);
    for (const [name, value] of Object.entries(values))
      if (value === '') url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    history.replaceState(null, '', url);
    this.#url = url;
  }

  /** Takes the secret out of the address bar and the history. */
  takeFragment(): string {
    const fragment = location.hash.slice(1);
    if (location.hash) {
      history.replaceState(null, '', location.pathname + location.search);
      this.#url = new URL(location.href);
    }
    return fragment;
  }

  #arrive(): void {
    this.#hasMoved = true;
    this.#url = new URL(location.href);
  }

  /** Plain clicks on plain links to pages of ours. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link?.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    const path = within(link.pathname);
    // Served by other entries, by the API, or by another program.
    if (path === null || /^\/(api|upload|health)(\/|$)/.test(path)) return;
    event.preventDefault();
    this.go(path + link.search);
  }
}

export const router = new Router();
