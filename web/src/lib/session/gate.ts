import type { SessionView } from '../../api/schema.js';

/** Who may see a page. `session`: after the password, before the second factor. */
export type Access = 'anyone' | 'session' | 'engineer' | 'admin';

export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'elsewhere'; readonly to: string };

const elsewhere = (path: string, then: string): Verdict => ({
  kind: 'elsewhere',
  to: then === '/' ? path : `${path}?then=${encodeURIComponent(then)}`,
});

/** Spares a person pages that the API would refuse; it is the API that protects anything. */
export const gate = (access: Access, view: SessionView | null, here: string): Verdict => {
  if (access === 'anyone') return { kind: 'pass' };
  if (view === null) return elsewhere('/sign-in', here);
  if (access === 'session') return { kind: 'pass' };
  if (view.secondFactor !== 'done') return elsewhere('/second-factor', here);
  return access === 'admin' && view.user.role !== 'admin' ? { kind: 'refused' } : { kind: 'pass' };
};

/** Where to go after signing in: a path of ours, whatever the address says. */
export const destination = (query: URLSearchParams): string => {
  const then = query.get('then') ?? '/';
  return /^\/(?![/\\])/.test(then) ? then : '/';
};
