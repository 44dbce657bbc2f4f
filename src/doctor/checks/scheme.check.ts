import { fail, ok, quoted, warn } from '../finding.js';
import type { Finding } from '../finding.js';
import type { Seen } from '../mirror/mirror.protocol.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy } from '../probe/advice.js';
import type { Answered } from '../probe/exchange.js';

type Sight = Pick<Seen, 'isSecure' | 'peer'> & {
  readonly headers: Readonly<Record<string, string>>;
};

const isLocal = ({ hostname }: URL): boolean => /^(localhost|127\..*|\[::1\])$/.test(hostname);

/** Whether the service knows by which scheme people come, and says so. */
export const judgeScheme = (
  seen: Sight,
  answered: Answered['headers'],
  base: URL,
  proxy: Proxy,
): Finding => {
  const name = 'scheme';
  const scheme = base.protocol.slice(0, -1);
  if (scheme === 'http')
    return isLocal(base)
      ? ok(name, 'http, to this machine alone.')
      : warn(
          name,
          'PUBLIC_URL says http: tokens, passwords and archives can be read on the way, and there are no passkeys.',
          'let the proxy end TLS, and set PUBLIC_URL to the https address.',
        );
  if (!seen.isSecure)
    return fail(
      name,
      'session cookies do not say Secure.',
      'PUBLIC_URL with https for the service, too; restart it.',
    );
  if (answered['strict-transport-security'] === undefined)
    return warn(
      name,
      'answers come without Strict-Transport-Security.',
      'let the proxy pass it on, and give the service this PUBLIC_URL.',
    );
  const said = seen.headers['x-forwarded-proto'];
  if (said !== scheme)
    return warn(
      name,
      `the proxy says ${said === undefined ? 'nothing of https' : `X-Forwarded-Proto: ${quoted(said)}`}; links and cookies are right by PUBLIC_URL alone.`,
      adviceOn('forwardedProto', proxy),
    );
  return ok(name, 'https, in links, cookies and Strict-Transport-Security.');
};

/** Links are made of PUBLIC_URL where it is given, else of this. */
export const judgeHost = (
  seen: Pick<Sight, 'headers'>,
  base: URL,
  isPublicUrlGiven: boolean,
  proxy: Proxy,
): Finding => {
  const host = seen.headers['host'] ?? '';
  const came = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
  if (came === base.hostname) return ok('host', `Host arrives as ${quoted(host)}.`);
  return (isPublicUrlGiven ? warn : fail)(
    'host',
    `Host arrives as ${quoted(host)} instead of ${quoted(base.host)}${isPublicUrlGiven ? '; links are right by PUBLIC_URL alone' : ', and links are made of it'}.`,
    adviceOn('host', proxy),
  );
};
