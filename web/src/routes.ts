import Boxes from '@lucide/svelte/icons/boxes';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import KeyRound from '@lucide/svelte/icons/key-round';
import LayoutDashboard from '@lucide/svelte/icons/layout-dashboard';
import ListChecks from '@lucide/svelte/icons/list-checks';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Ticket from '@lucide/svelte/icons/ticket';
import Users from '@lucide/svelte/icons/users';
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
    path: '/account',
    access: 'engineer',
    page: () => import('./pages/account/AccountPage.svelte'),
  },
  {
    path: '/account/second-factor',
    access: 'session',
    page: () => import('./pages/second-factor/ReplacePage.svelte'),
  },
  {
    path: '/account/passkeys/new',
    access: 'session',
    page: () => import('./pages/second-factor/AddPasskeyPage.svelte'),
  },
  {
    path: '/account/passkeys/:id/remove',
    access: 'session',
    page: () => import('./pages/second-factor/RemovePasskeyPage.svelte'),
  },
  {
    path: '/',
    access: 'engineer',
    page: () => import('./pages/overview/OverviewPage.svelte'),
    navigation: { label: m.overview_title, icon: LayoutDashboard },
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
  {
    path: '/platforms',
    access: 'engineer',
    page: () => import('./pages/platforms/PlatformsPage.svelte'),
    navigation: { label: m.platforms_title, icon: Boxes },
  },
  {
    path: '/storage',
    access: 'engineer',
    page: () => import('./pages/storage/StoragePage.svelte'),
    navigation: { label: m.storage_title, icon: HardDrive },
  },
  {
    path: '/users',
    access: 'admin',
    page: () => import('./pages/users/UsersPage.svelte'),
    navigation: { label: m.users_title, icon: Users },
  },
  {
    path: '/api-keys',
    access: 'admin',
    page: () => import('./pages/api-keys/ApiKeysPage.svelte'),
    navigation: { label: m.keys_title, icon: KeyRound },
  },
  {
    path: '/audit',
    access: 'admin',
    page: () => import('./pages/audit/AuditPage.svelte'),
    navigation: { label: m.audit_title, icon: ScrollText },
  },
  {
    path: '/jobs',
    access: 'admin',
    page: () => import('./pages/jobs/JobsPage.svelte'),
    navigation: { label: m.jobs_title, icon: ListChecks },
  },
];

export const routeAt = (
  path: string,
): { readonly route: Route; readonly params: Params } | null => {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return null;
};
