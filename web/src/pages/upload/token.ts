import { Failure } from '../../api/problem.js';
import type { ProblemCode } from '../../api/problem.js';
import type { OwnTokenReceipt } from '../../api/schema.js';

/** The token in what somebody pastes: it, or the link that holds it. */
export const tokenIn = (text: string): string =>
  /lct_[\w-]+/.exec(text)?.[0] ?? text.replace(/^.*#/s, '').trim();

/** Whether it is worth asking the service; anything else is not even a header. */
export const isToken = (token: string): boolean => /^lct_[\w-]{32,}$/.test(token);

/**
 * The token of the link, out of the address bar and the history at once: whoever looks over the shoulder learns
 * nothing. It is kept nowhere but in memory.
 */
export const takeToken = (): string => {
  const { hash, pathname, search } = location;
  if (hash) history.replaceState(null, '', pathname + search);
  return tokenIn(hash.slice(1));
};

const codes = {
  exhausted: 'token-exhausted',
  expired: 'token-expired',
  revoked: 'token-revoked',
  locked: 'token-locked',
  resolved: 'ticket-resolved',
} as const satisfies Record<Exclude<OwnTokenReceipt['state'], 'active'>, ProblemCode>;

/** Why nothing new can be sent; null where it can. */
export const closedFor = ({ state }: OwnTokenReceipt): Failure | null =>
  state === 'active' ? null : new Failure(codes[state], '');

/** An upload that was begun goes on all the same: its attempt was taken when it began. */
export const mayContinue = ({ state }: OwnTokenReceipt): boolean =>
  state === 'active' || state === 'exhausted' || state === 'expired';

/** The lines that do without this page; as the service writes them. @param root where it stands, with a slash at its end */
export const commandLines = (
  token: string,
  root: string,
): { readonly curl: string; readonly script: string } => ({
  // Double quotes: the line works in a Windows shell too.
  curl: `curl -F file=@logs.tgz -H "Upload-Token: ${token}" ${root}api/v1/archives`,
  script: `curl -fsSO ${root}upload.sh && UPLOAD_TOKEN=${token} sh upload.sh logs.tgz`,
});

/**
 * How every call of this page proves itself. Without credentials of the browser's own: to a refused token the service
 * answers with a challenge for curl, at which a browser would ask for a user name and a password.
 */
export const proof = (
  token: string,
): { readonly headers: { readonly 'Upload-Token': string }; readonly credentials: 'omit' } => ({
  headers: { 'Upload-Token': token },
  credentials: 'omit',
});
