import type { Config } from '../config/config.js';
import { databaseTarget } from '../config/load-config.js';
import type { Keyring } from '../secrets/secrets.js';
import type { BlobStore } from '../storage/blob-store.js';
import { checkAnswers, checkEvents } from './checks/answers.check.js';
import { checkBodyLimit } from './checks/body-limit.check.js';
import { certificateOf, judgeCertificate } from './checks/certificate.check.js';
import {
  forgedAddress,
  forgedHost,
  judgeAddress,
  judgeForged,
} from './checks/client-address.check.js';
import { clocksOf, judgeClocks } from './checks/clock.check.js';
import type { OtherClock } from './checks/clock.check.js';
import type { DatabaseFacts } from './checks/database.check.js';
import { judgeEnvironment } from './checks/environment.check.js';
import { checkFiles } from './checks/files.check.js';
import { checkHeaders } from './checks/headers.check.js';
import { checkMethods, lacking } from './checks/methods.check.js';
import { checkRequestBuffering } from './checks/request-buffering.check.js';
import { judgeHost, judgeScheme } from './checks/scheme.check.js';
import {
  judgePath,
  judgePrefix,
  judgeService,
  judgeStranger,
  prefixIn,
} from './checks/service.check.js';
import { checkStorage } from './checks/storage.check.js';
import { checkTimeOuts } from './checks/time-outs.check.js';
import { uploadRoutes } from './checks/upload-routes.js';
import { fail, skip } from './finding.js';
import type { Finding } from './finding.js';
import { proxyOf } from './probe/advice.js';
import { Probe, mirrored } from './probe/probe.js';

/** What the doctor has beside the service: its configuration, its key, its database and its storage. */
export interface Patient {
  readonly config: Config;
  /** Null where there is none yet. */
  readonly keyring: Keyring | null;
  readonly database: DatabaseFacts;
  /** Null where it cannot be opened; `database` or `trouble` then says why. */
  readonly store: BlobStore | null;
  /** Why the program does not start with all that; null where it does. */
  readonly trouble: string | null;
}

/** Findings come one after the other, as soon as they are known. */
export type Findings = AsyncGenerator<Finding, void>;

/** Where the probes go: PUBLIC_URL, or the service's own address where that is not given. */
const baseOf = ({ PUBLIC_URL, HOST, PORT }: Config): URL => {
  const host = /^(0\.0\.0\.0|::)$/.test(HOST) ? '127.0.0.1' : HOST;
  return new URL(PUBLIC_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`);
};

async function* inside({ config, database, store, trouble }: Patient): Findings {
  yield* judgeEnvironment(config, database.hasUsers);
  yield await checkFiles(config.DATA_DIR, databaseTarget(config));
  yield database.finding;
  if (trouble !== null)
    yield fail(
      'start',
      `the program does not start with this environment: ${trouble}.`,
      'what it says.',
    );
  const kind = config.STORAGE_URL?.startsWith('s3:') ? 'S3' : 'disk';
  if (store) yield* await checkStorage(store, database.storeId, kind, config);
  else yield skip('storage', `${kind}: not looked at before that is right.`);
}

/** A name with what proxies like to decode. */
const awkward = '/api/v1/archives/doctor%20%C3%A9.bin?a=%26';

async function* outside(given: Probe, patient: Patient, forMs: number): Findings {
  const { config, database } = patient;
  let probe = given;
  const certificate = probe.isSecure ? await certificateOf(probe.base) : null;
  if (certificate) {
    yield judgeCertificate(certificate, new Date());
    // What else is wrong is worth knowing, too.
    if (certificate.refusal !== null) probe = probe.unverified();
  }
  const first = await probe.ask({ method: 'GET', path: '/health/live', wish: { kind: 'seen' } });
  const { seen, answer } = mirrored(first, 'GET') ?? {};
  if (!seen || !answer) {
    yield judgeStranger(first, probe.base);
    yield skip('proxy', 'nothing more can be seen from outside before that is right.');
    return;
  }
  yield judgeService(seen, database.storeId);
  const proxy = proxyOf(answer.headers.server?.toString());
  const prefix = probe.base.pathname.replace(/\/+$/, '');
  const odd = await probe.ask({ method: 'PUT', path: awkward, wish: { kind: 'seen' } });
  const { seen: oddSeen } = mirrored(odd, 'PUT') ?? {};
  const own = prefixIn(seen) ?? prefix;
  const otherPrefix = judgePrefix(own, prefix);
  if (otherPrefix) yield otherPrefix;
  else if (oddSeen) yield judgePath(oddSeen, prefix + awkward, prefix);
  yield judgeHost(seen, probe.base, config.PUBLIC_URL !== undefined, proxy);
  yield judgeScheme(seen, answer.headers, probe.base, proxy);
  yield judgeAddress(seen, answer.own, proxy);
  const forged = mirrored(
    await probe.ask({
      method: 'GET',
      path: '/health/live',
      wish: { kind: 'seen' },
      headers: { 'X-Forwarded-For': forgedAddress, 'X-Forwarded-Host': forgedHost },
    }),
    'GET',
  );
  if (forged?.seen) yield judgeForged(forged.seen, forged.answer.own, proxy);
  const clocks: OtherClock[] = [...clocksOf(answer, seen), ...database.clocks];
  yield judgeClocks(clocks);
  const { finding: methods, lost } = await checkMethods(probe, proxy);
  yield methods;
  if (lost.has('PATCH')) yield lacking('request-headers', ['PATCH']);
  else yield* await checkHeaders(probe, own);
  // Each way in that is there at all; a refusal of the others is no limit and no buffer.
  const routes = uploadRoutes.filter(({ method }) => !lost.has(method));
  // These wait, and so may wait together.
  const slow = [
    checkBodyLimit(probe, proxy, config.MAX_UPLOAD_BYTES, routes),
    checkRequestBuffering(probe, proxy, routes),
    checkAnswers(probe, proxy),
    checkEvents(probe, proxy),
    lost.has('PUT')
      ? lacking('time-outs', ['PUT'])
      : checkTimeOuts(probe, proxy, forMs, 1000 * config.UPLOAD_IDLE_TIMEOUT),
  ];
  for (const found of slow) yield* [await found].flat();
}

/**
 * Looks at a deployment from outside, through PUBLIC_URL, and from beside the service.
 *
 * Its requests carry a proof made with SECRET_KEY, and the service shows them back (mirror.ts) instead of serving them.
 * It makes no platform, ticket or token to upload with: there would be an audit that tells of uploads that nobody sent,
 * and things to clean up after an interruption. So nothing is left behind, however it ends.
 * @param forMs how long time-outs are tried
 */
export async function* examine(patient: Patient, forMs: number): Findings {
  yield* inside(patient);
  if (patient.keyring)
    yield* outside(new Probe(baseOf(patient.config), patient.keyring), patient, forMs);
  else
    yield skip(
      'service',
      'there is no SECRET_KEY yet: start the service, and run doctor beside it.',
    );
}
