import { fail, ok, quoted, skip, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import { inWords } from '../probe/probe.js';
import type { Seen } from '../mirror/mirror.protocol.js';
import type { Outcome } from '../probe/exchange.js';
import { version } from '../../version.js';

/** A client that begins TLS is answered in words. OpenSSL says EPROTO, or names what it could not read. */
const isPlainHttp = (outcome: Outcome): boolean =>
  outcome.kind === 'broken' &&
  /^(EPROTO|ERR_SSL_(WRONG_VERSION|PACKET_LENGTH).*)$/.test(outcome.code);

/** Who answered in place of the service's mirror, and why that may be. */
export const judgeStranger = (outcome: Outcome, url: URL): Finding => {
  const at = `${url.origin}${url.pathname}`;
  if (outcome.kind !== 'answered')
    return fail(
      'service',
      `${at} was ${inWords(outcome)}.`,
      outcome.kind === 'broken' && outcome.code === 'ENOTFOUND'
        ? 'PUBLIC_URL, or the DNS: its name is not known here.'
        : isPlainHttp(outcome)
          ? 'let the proxy end TLS on that port, or PUBLIC_URL to the port that speaks https: this one speaks http.'
          : 'PUBLIC_URL, the proxy, or the firewall between: ask from where customers are with curl, too.',
    );
  const { status, headers, text } = outcome;
  const location = headers.location;
  if (status >= 300 && status < 400 && location !== undefined)
    return fail(
      'service',
      `${at} leads away to ${quoted(location)} (${status}).`,
      'PUBLIC_URL to the address that answers by itself: a redirect loses the body of an upload.',
    );
  if (status === 200 && /^\{"status":"ok"\}$/.test(text.trim()))
    return fail(
      'service',
      `${at} is a Logs Collector that does not know this one's SECRET_KEY.`,
      'run doctor with the environment of the service behind PUBLIC_URL; else PUBLIC_URL leads to another installation, the proxy removes the header Logs-Collector-Mirror, or its clock is off by more than ten minutes.',
    );
  return fail(
    'service',
    `${at} ${inWords(outcome)}, and not this service.`,
    status === 502 || status === 503 || status === 504
      ? 'start the service, and let the proxy pass on to where it listens (HOST, PORT).'
      : status === 401 || status === 403
        ? 'let the proxy pass on without a sign-in of its own: the service has one, and customers have none.'
        : 'PUBLIC_URL and its path, or where the proxy passes it on to.',
  );
};

/** @param storeId of the database that this environment leads to; null where it is not known */
export const judgeService = (seen: Seen, storeId: string | null): Finding => {
  if (seen.storeId === null || storeId === null)
    return skip('service', 'it answers; whether with this database cannot be said just now.');
  if (seen.storeId !== storeId)
    return fail(
      'service',
      'the service behind PUBLIC_URL works on another database, with the same SECRET_KEY.',
      'DATABASE_URL and DATA_DIR here, or PUBLIC_URL; and give each installation a SECRET_KEY of its own.',
    );
  return seen.version === version
    ? ok('service', `it answers, version ${version}, on this very database.`)
    : warn(
        'service',
        `it answers on this very database with version ${seen.version}, and this is ${version}.`,
        'run doctor of the same version, or restart the service.',
      );
};

/** Escaped otherwise is the same address. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/** The service's own path; null where it cannot say. */
export const prefixIn = ({ base }: Pick<Seen, 'base'>): string | null =>
  base === null ? null : new URL(base).pathname.replace(/\/+$/, '');

/** @param own path of the service. @param prefix of PUBLIC_URL here */
export const judgePrefix = (own: string, prefix: string): Finding | null =>
  own === prefix
    ? null
    : fail(
        'path',
        `PUBLIC_URL has ${prefix === '' ? 'no path' : `the path ${quoted(prefix)}`} here, and ${own === '' ? 'none' : quoted(own)} at the service: its links, cookies and redirects go by its own.`,
        'the same PUBLIC_URL for the service and for doctor; restart the service.',
      );

/** @param sent path and query as they were sent. @param prefix of PUBLIC_URL, without a slash at its end */
export const judgePath = (seen: Pick<Seen, 'path'>, sent: string, prefix: string): Finding => {
  const came = decoded(seen.path);
  const isCut = prefix !== '' && came === decoded(sent.slice(prefix.length));
  if (came === decoded(sent) || isCut)
    return ok(
      'path',
      prefix === ''
        ? 'addresses arrive as sent.'
        : `${prefix} is ${isCut ? 'cut off' : 'passed on'}.`,
    );
  return fail(
    'path',
    `${quoted(sent)} arrives as ${quoted(seen.path)}.`,
    'let the proxy pass addresses on untouched (in nginx, no path in proxy_pass), or cut off exactly the path of PUBLIC_URL.',
  );
};
