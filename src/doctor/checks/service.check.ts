import { fail, ok, quoted, skip, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import type { Seen } from '../../http/mirror/mirror.protocol.js';
import { inWords } from '../probe.js';
import type { Outcome } from '../probe.js';
import { version } from '../../version.js';

const changeFor = (outcome: Outcome): string => {
  if (outcome.kind === 'broken') {
    if (outcome.code === 'ENOTFOUND') return 'PUBLIC_URL or the DNS: the name is not known here.';
    // OpenSSL says EPROTO, or names what it could not read.
    if (/^(EPROTO|ERR_SSL_(WRONG_VERSION|PACKET_LENGTH).*)$/.test(outcome.code))
      return 'let the proxy end TLS on that port, or set PUBLIC_URL to the port that speaks https: this one speaks http.';
  }
  if (outcome.kind !== 'answered')
    return 'PUBLIC_URL, the proxy, or the firewall between: try curl from where customers are, too.';
  const { status, headers } = outcome;
  if (headers['content-type']?.startsWith('application/problem+json'))
    return 'it may be a Logs Collector with another SECRET_KEY: run doctor with the environment of the service behind PUBLIC_URL. Otherwise the proxy removes the header Logs-Collector-Mirror, or the clocks differ by more than ten minutes.';
  if (status >= 300 && status < 400)
    return `PUBLIC_URL to an address that does not redirect (to ${quoted(headers.location ?? 'nowhere')}): a redirect loses the body of an upload.`;
  if ([502, 503, 504].includes(status))
    return 'start the service, and let the proxy pass on to where it listens (HOST, PORT).';
  if ([401, 403, 405].includes(status))
    return 'let the proxy pass on all methods, without a sign-in of its own: customers have none.';
  return 'PUBLIC_URL and its path, or where the proxy passes it on to.';
};

/** What answered in place of the service's mirror, and why that may be. */
export const judgeStranger = (outcome: Outcome, url: URL): Finding =>
  fail('service', `${url.href} is ${inWords(outcome)}, not by this service.`, changeFor(outcome));

const same = (url: string): string => url.replace(/\/+$/, '');

/**
 * @param storeId of the database that this environment leads to; null where it is not known
 * @param publicUrl of this environment
 */
export const judgeService = (
  seen: Pick<Seen, 'storeId' | 'version' | 'publicUrl'>,
  storeId: string | null,
  publicUrl: string | undefined,
): Finding => {
  if (publicUrl !== undefined && same(publicUrl) !== same(seen.publicUrl ?? ''))
    return fail(
      'service',
      `PUBLIC_URL is ${quoted(publicUrl)} here and ${quoted(seen.publicUrl ?? '')} at the service: its links and cookies go by its own.`,
      'the same PUBLIC_URL for the service and for doctor; restart the service.',
    );
  if (seen.storeId === null || storeId === null)
    return skip('service', 'it answers; which database it uses is not known at present.');
  if (seen.storeId !== storeId)
    return fail(
      'service',
      'the service behind PUBLIC_URL uses another database, with the same SECRET_KEY.',
      'DATABASE_URL and DATA_DIR here, or PUBLIC_URL; and give each installation a SECRET_KEY of its own.',
    );
  return seen.version === version
    ? ok('service', `it answers, version ${version}, on this database.`)
    : warn(
        'service',
        `it answers on this database with version ${seen.version}, and this is ${version}.`,
        'run doctor of the same version, or restart the service.',
      );
};
