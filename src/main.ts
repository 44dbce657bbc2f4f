import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { createApp } from './app.js';
import { AdmissionService } from './uploads/intake/admission.service.js';
import { StoreIdentity } from './maintenance/store-identity.service.js';
import { SweepService } from './maintenance/sweep.service.js';
import { AuditSealer } from './audit/audit-sealer.service.js';
import { AuditVerifier } from './audit/audit-verify.service.js';
import { SourcesService } from './throttling/sources.service.js';
import { FirstAdmin } from './auth/users/first-admin.js';
import type { Resources } from './app.module.js';
import type { Config } from './config/config.js';
import { databaseTarget } from './config/load-config.js';
import { openDatabase } from './database/data-source.js';
import type { Schema } from './database/data-source.js';
import {
  DatabaseNotOpened,
  databaseProblem,
  isLoginRefused,
  isOfDatabase,
} from './database/errors.js';
import { instanceOf } from './database/instance-of.js';
import { migrate } from './database/migrate.js';
import { Draining } from './http/draining.js';
import { NotListening } from './http/not-listening.js';
import { RequestsUnderWay } from './http/requests-under-way.js';
import { JobRunner } from './jobs/job-runner.js';
import { PeriodicRunner } from './jobs/periodic-runner.js';
import { allRoles, assertMaySplit } from './roles.js';
import type { Roles } from './roles.js';
import { schema } from './schema.js';
import { keptSecretKey } from './secrets/secret-key-file.js';
import { Keyring } from './secrets/secrets.js';

const retryEveryMs = 2_000;
const retryForMs = 60_000;

/** In a composed start the database may come up after us. */
const openWhenReady = async (
  config: Config,
  log: Logger,
  tables: Schema,
  waitMs: number,
): Promise<DataSource> => {
  const target = databaseTarget(config);
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      return await openDatabase(target, tables, config.DATABASE_POOL);
    } catch (cause) {
      const mayPass = databaseProblem(cause) && !isLoginRefused(cause);
      if (target.kind === 'sqlite' || !mayPass || Date.now() >= deadline) throw cause;
      log.warn({ event: 'database.waiting', err: cause });
      await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
    }
  }
};

/** How a database is opened otherwise than at the service's start. */
export interface Opening {
  /** What the operator gave its address in. */
  readonly named: string;
  /** How long a database that is not there yet is waited for. */
  readonly waitMs: number;
}

const atStart = ({ DATABASE_URL }: Config): Opening => ({
  named: DATABASE_URL === undefined ? 'DATA_DIR' : 'DATABASE_URL',
  waitMs: retryForMs,
});

/**
 * Opens what the modules need, and brings the database up to date.
 * @param as 'service' also takes the instance's lock; a command runs beside a service
 * @param tables brings it up to these migrations alone; what is restored may be older than the program
 * @throws DatabaseNotOpened, DataFolderUnusable, and what Instance.enter and migrate throw
 */
export const openResources = async (
  config: Config,
  log: Logger,
  as: 'service' | 'command',
  tables: Schema = schema,
  { named, waitMs }: Opening = atStart(config),
): Promise<Resources> => {
  const target = databaseTarget(config);
  const secretKey = config.SECRET_KEY ?? keptSecretKey(config.DATA_DIR);
  const dataSource = await openWhenReady(config, log, tables, waitMs).catch((cause: unknown) => {
    throw cause instanceof Error ? new DatabaseNotOpened(target, named, cause) : cause;
  });
  const mark = new Keyring(secretKey).mark();
  const instance = instanceOf(target, dataSource, mark);
  try {
    if (as === 'service') {
      await instance.enter();
      await instance.assertSameKey();
      instance.beat();
    }
    const ran = await migrate(dataSource);
    if (ran.length > 0) log.info({ event: 'database.migrated', migrations: ran });
  } catch (cause) {
    await instance.leave();
    await dataSource.destroy();
    throw isOfDatabase(cause) ? new DatabaseNotOpened(target, named, cause) : cause;
  }
  return { config, secretKey, dataSource, instance };
};

export interface Service {
  readonly app: NestExpressApplication;
  /** Where it listens, without a slash at its end. */
  readonly url: string;
  /** Stops as SIGTERM does: drains, waits SHUTDOWN_GRACE at most, ends what is left, and closes everything. */
  stop(): Promise<void>;
}

/** Time for cleaning up after the grace. */
const cleanUpMs = 5_000;

const within = (work: Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms).unref())]);

/**
 * Drains: no new uploads and jobs; those under way finish within the grace, or uploads end clean and jobs are given
 * back. Downloads break off at its end.
 */
const stopService = async (
  app: NestExpressApplication,
  requests: RequestsUnderWay,
  graceMs: number,
): Promise<void> => {
  const draining = app.get(Draining);
  const admissions = app.get(AdmissionService);
  const server: Server = app.getHttpServer();
  const deadline = Date.now() + graceMs;
  draining.begin();
  const working = app.get(JobRunner).stop(graceMs);
  await within(admissions.whenIdle(), graceMs);
  draining.endNow();
  await within(admissions.whenIdle(), cleanUpMs);
  const leftMs = Math.max(0, deadline - Date.now());
  await within(Promise.all([working, app.get(PeriodicRunner).stop()]), leftMs + cleanUpMs);
  const closing = app.close();
  await within(requests.whenNone(), Math.max(1_000, deadline - Date.now()));
  server.closeAllConnections();
  await closing;
};

/** Starts the service and resolves when it listens. @throws RolesNotSplit, and what openResources throws */
export const startService = async (
  config: Config,
  log: Logger,
  roles: Roles = allRoles,
): Promise<Service> => {
  assertMaySplit(roles, databaseTarget(config));
  const resources = await openResources(config, log, 'service');
  const { dataSource, instance } = resources;
  const app = await createApp(resources, log, roles);
  const requests = new RequestsUnderWay(app.getHttpServer());
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    log.info({ event: 'service.draining', graceSeconds: config.SHUTDOWN_GRACE });
    await stopService(app, requests, 1000 * config.SHUTDOWN_GRACE);
    await app.get(AuditSealer).finish();
    await app.get(SourcesService).save();
    await instance.leave();
    await dataSource.destroy();
    log.info({ event: 'service.stopped' });
  };
  const stopOnce = (): Promise<void> => (stopping ??= stop());
  try {
    // Before the first request: what a crash left is settled, so that nobody meets it.
    // A file that cannot be removed is no reason not to serve: each minute tries again.
    if (await app.get(StoreIdentity).claim())
      await app
        .get(SweepService)
        .finish()
        .catch((cause: unknown) => log.error({ event: 'sweep.unfinished', err: cause }));
    // A lost key is silently replaced, and what the old one sealed then looks like a fault of ours.
    if (!(await app.get(AuditVerifier).isKeyOfNewest())) log.error({ event: 'secret-key.other' });
    await app.get(AuditSealer).seal();
    await app.get(SourcesService).load();
    const firstAdmin = roles.http ? app.get(FirstAdmin) : null;
    await firstAdmin?.createFromEnvironment();
    await app.listen(config.PORT, config.HOST).catch((cause: unknown) => {
      throw cause instanceof Error && 'syscall' in cause ? new NotListening(config, cause) : cause;
    });
    const url = addressOf(app.getHttpServer());
    // A browser takes passkeys for a name alone, which a bare address is not.
    const local = url.replace('//127.0.0.1:', '//localhost:');
    await firstAdmin?.inviteIfNeeded(config.PUBLIC_URL?.replace(/\/+$/, '') ?? local);
    if (roles.jobs) {
      await instance.beginWork();
      app.get(JobRunner).start();
    }
    app.get(PeriodicRunner).start(roles);
    log.info({ event: 'service.ready', url, ...roles });
    // Reading a large store takes a while, and nobody has to wait for it.
    void app
      .get(SweepService)
      .dropPartials()
      .catch((cause: unknown) => log.error({ event: 'sweep.refused', err: cause }));
    return { app, url, stop: stopOnce };
  } catch (cause) {
    await stopOnce();
    throw cause;
  }
};

const addressOf = (server: Server): string => {
  const { address, port, family } = server.address() as AddressInfo;
  const host = /^(0\.0\.0\.0|::)$/.test(address) ? '127.0.0.1' : address;
  return `http://${family === 'IPv6' && host.includes(':') ? `[${host}]` : host}:${port}`;
};
