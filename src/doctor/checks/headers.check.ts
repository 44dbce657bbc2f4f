import { fail, ok, quoted } from '../finding.js';
import type { Finding } from '../finding.js';
import { answeredHeaders, answeredLocation, sentHeaders } from '../mirror/mirror.headers.js';
import { inWords, mirrored } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a header was sent as and what came, where the two differ. */
export const differences = (sent: Headers, came: Headers): string[] =>
  Object.entries(sent).flatMap(([name, value]) => {
    const arrived = came[name];
    if (arrived === value) return [];
    return arrived === undefined
      ? `${name} is removed`
      : `${name} comes as ${quoted(String(arrived))} instead of ${quoted(String(value))}`;
  });

/** Without a value of this service: a client resolves it against the address it asked. */
const isSame = (location: string | undefined, expected: string, at: URL): boolean =>
  location !== undefined &&
  URL.canParse(location, at.href) &&
  new URL(location, at).href === new URL(expected, at).href;

/** @param prefix the service's own, without a slash at its end */
export const checkHeaders = async (probe: Probe, prefix: string): Promise<readonly Finding[]> => {
  const path = '/api/v1/uploads/doctor';
  const outcome = await probe.ask({
    method: 'PATCH',
    path,
    wish: { kind: 'seen' },
    headers: { ...sentHeaders, 'Content-Length': '0' },
    send: () => Promise.resolve(),
  });
  const { seen, answer } = mirrored(outcome, 'PATCH') ?? {};
  if (!seen || !answer)
    return [
      fail(
        'request-headers',
        `a request with the headers of all clients is ${inWords(outcome)}.`,
        'see "methods"; else a firewall before the service refuses one of them.',
      ),
    ];
  const lost = differences(sentHeaders, seen.headers);
  const changed = differences(answeredHeaders, answer.headers);
  const expected = answeredLocation(prefix);
  const { location } = answer.headers;
  if (!isSame(location, expected, probe.url(path)))
    changed.push(
      `Location leads to ${quoted(location ?? 'nowhere')} instead of ${quoted(expected)}`,
    );
  return [
    lost.length === 0
      ? ok('request-headers', 'those that clients send arrive.')
      : fail(
          'request-headers',
          `on the way to the service ${lost.join(', ')}.`,
          'let the proxy pass them on as they come.',
        ),
    changed.length === 0
      ? ok('answer-headers', 'those that clients read come back.')
      : fail(
          'answer-headers',
          `on the way back ${changed.join(', ')}.`,
          'let the proxy pass them on as they are (in nginx, no proxy_hide_header, proxy_redirect default).',
        ),
  ];
};
