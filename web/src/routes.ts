import Ticket from '@lucide/svelte/icons/ticket';
import type { Icon } from './lib/icon/icon.js';
import { match } from './lib/router/match.js';
import type { Params } from './lib/router/match.js';
import type { Access } from './lib/session/gate.js';
import { m } from './paraglide/messages.js';

/** What a page is given. One that needs none of it declares no props. */
export interface PageProps {
  readonly params: Params;
}

export interface Route {
  readonly path: string;
  readonly access: Access;
  /** Loaded when it is opened: the first page stays small. */
  readonly page: () => Promise<{ readonly default: unknown }>;
  /** Stands in the navigation, in this order, for whoever has access. */
  readonly navigation?: { readonly label: () => string; readonly icon: Icon };
}

/** Every page is a folder in pages/ and a line here. */
export const routes: readonly Route[] = [
  { path: '/setup', access: 'anyone', page: () => import('./pages/setup/SetupPage.svelte') },
  { path: '/sign-in', access: 'anyone', page: () => import('./pages/sign-in/SignInPage.svelte') },
  {
    path: '/second-factor',
    access: 'session',
    page: () => import('./pages/second-factor/SecondFactorPage.svelte'),
  },
  {
    path: '/tickets',
    access: 'engineer',
    page: () => import('./pages/tickets/TicketsPage.svelte'),
    navigation: { label: m.nav_tickets, icon: Ticket },
  },
  {
    path: '/tickets/:number',
    access: 'engineer',
    page: () => import('./pages/ticket/TicketPage.svelte'),
  },
];

/** Where `/` leads. */
export const home = '/tickets';

export const routeAt = (
  path: string,
): { readonly route: Route; readonly params: Params } | null => {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return null;
};
