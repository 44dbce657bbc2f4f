import type { Config } from '../config/config.js';
import { databaseTarget } from '../config/load-config.js';
import type { WallReport } from '../sandbox/walls.js';
import type { Keyring } from '../secrets/secrets.js';
import type { BlobStore } from '../storage/blob-store.js';
import { checkBodyLimit } from './checks/body-limit.check.js';
import { certificateOf, judgeCertificate, judgeScheme } from './checks/certificate.check.js';
import { forgedAddress, judgeAddress, judgeForged } from './checks/client-address.check.js';
import type { DatabaseFacts } from './checks/database.check.js';
import { judgeEnvironment } from './checks/environment.check.js';
import { checkFiles } from './checks/files.check.js';
import { judgeSandbox } from './checks/sandbox.check.js';
import { judgeService, judgeStranger } from './checks/service.check.js';
import { checkStorage } from './checks/storage.check.js';
import { checkTimeOuts } from './checks/time-outs.check.js';
import { judgeWorkers } from './checks/workers.check.js';
import { fail, skip } from './finding.js';
import type { Finding } from './finding.js';
import { Probe } from './probe.js';

/** What the doctor has beside the service: its configuration, its key, its database and its storage. */
export interface Patient {
  readonly config: Config;
  /** Null where there is none yet. */
  readonly keyring: Keyring | null;
  readonly database: DatabaseFacts;
  /** Null where it cannot be opened; `database` or `trouble` then says why. */
  readonly store: BlobStore | null;
  /** Whether a process runs jobs; null where only one can serve, or the database cannot say. */
  readonly hasWorker: boolean | null;
  /** What holds a program that reads hostile bytes. */
  readonly walls: WallReport;
  /** Why the program does not start with all that; null where it does. */
  readonly trouble: string | null;
}

/** One after the other, as soon as each is known. */
export type Findings = AsyncGenerator<Finding, void>;

/** Where the probes go: PUBLIC_URL, or the service's own address where that is not given. */
const baseOf = ({ PUBLIC_URL, HOST, PORT }: Config): URL => {
  const host = /^(0\.0\.0\.0|::)$/.test(HOST) ? '127.0.0.1' : HOST;
  return new URL(PUBLIC_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`);
};

async function* inside(patient: Patient): Findings {
  const { config, database, store, hasWorker, walls, trouble } = patient;
  yield* judgeEnvironment(config, database.hasUsers);
  yield await checkFiles(config.DATA_DIR, databaseTarget(config));
  yield judgeSandbox(walls);
  yield database.finding;
  if (hasWorker !== null) yield judgeWorkers(hasWorker);
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

async function* outside(given: Probe, patient: Patient, forMs: number): Findings {
  const { config, database } = patient;
  let probe = given;
  const certificate = probe.isSecure ? await certificateOf(probe.base) : null;
  if (certificate) {
    yield judgeCertificate(certificate, new Date());
    // Other faults are worth knowing, too.
    if (certificate.refusal !== null) probe = probe.unverified();
  }
  const first = await probe.ask({ kind: 'seen' });
  if (first.kind !== 'answered' || !first.seen) {
    yield judgeStranger(first, probe.base);
    yield skip('proxy', 'nothing more can be seen from outside before that is right.');
    return;
  }
  const { seen, own } = first;
  yield judgeService(seen, database.storeId, config.PUBLIC_URL);
  yield judgeScheme(probe.base);
  yield judgeAddress(seen, own);
  const headers = { 'X-Forwarded-For': forgedAddress };
  const forged = await probe.ask({ kind: 'seen' }, { headers });
  if (forged.kind === 'answered' && forged.seen) yield judgeForged(forged.seen, forged.own);
  yield await checkBodyLimit(probe, config.MAX_UPLOAD_BYTES);
  yield* await checkTimeOuts(probe, forMs, 1000 * config.UPLOAD_IDLE_TIMEOUT);
}

/**
 * Looks at a deployment from outside, through PUBLIC_URL, and from beside the service.
 *
 * Its requests carry a proof made with SECRET_KEY, and the service shows them back (http/mirror) instead of serving them.
 * It creates no platform, ticket or token to upload with, so it leaves nothing behind, however it ends.
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
