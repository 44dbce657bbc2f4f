import { fail, ok, skip } from '../finding.js';
import type { Finding } from '../finding.js';
import { adviceOn } from '../probe/advice.js';
import type { Proxy } from '../probe/advice.js';
import { inWords, mirrored } from '../probe/probe.js';
import type { Probe } from '../probe/probe.js';

/** One of each kind; what is missing without it. */
const needed = [
  { method: 'GET', path: '/upload', without: 'pages' },
  { method: 'POST', path: '/api/v1/archives', without: 'uploads by form' },
  { method: 'PUT', path: '/api/v1/archives/doctor.bin', without: 'uploads by curl -T' },
  { method: 'OPTIONS', path: '/api/v1/uploads', without: 'discovery by tus clients' },
  { method: 'POST', path: '/api/v1/uploads', without: 'resumable uploads' },
  { method: 'HEAD', path: '/api/v1/uploads/doctor', without: 'resuming' },
  { method: 'PATCH', path: '/api/v1/uploads/doctor', without: 'resumable uploads' },
  { method: 'DELETE', path: '/api/v1/uploads/doctor', without: 'giving an upload up' },
] as const;

export type Method = (typeof needed)[number]['method'];

/** What did not come through: other checks that need it would blame something else. */
export type Refused = ReadonlySet<string>;

/** Of a check whose every way is refused. */
export const lacking = (check: string, methods: readonly Method[]): Finding =>
  skip(check, `needs ${methods.join(', ')}, see "methods".`);

export const checkMethods = async (
  probe: Probe,
  proxy: Proxy,
): Promise<{ readonly finding: Finding; readonly lost: Refused }> => {
  const refused: string[] = [];
  const lost = new Set<string>();
  for (const { method, path, without } of needed) {
    const outcome = await probe.ask({ method, path, wish: { kind: 'seen' } });
    if (mirrored(outcome, method)) continue;
    lost.add(method);
    refused.push(`${method} ${path} is ${inWords(outcome)} (no ${without})`);
  }
  if (refused.length > 0)
    return {
      lost,
      finding: fail(
        'methods',
        `the proxy does not let all through: ${refused.join(', ')}.`,
        adviceOn('methods', proxy),
      ),
    };
  const all = [...new Set(needed.map(({ method }) => method))];
  return { lost, finding: ok('methods', `${all.join(', ')} arrive.`) };
};
