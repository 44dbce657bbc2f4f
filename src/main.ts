import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { createApp } from './app.js';
import type { Resources } from './app.module.js';
import type { Config } from './config/config.js';
import { databaseTarget } from './config/load-config.js';
import { openDatabase } from './database/data-source.js';
import { databaseProblem } from './database/errors.js';
import { instanceOf } from './database/instance.js';
import { migrate } from './database/migrate.js';
import { Draining } from './http/draining.js';
import { schema } from './schema.js';
import { newSecretKey } from './secrets/secrets.js';

/** SECRET_KEY, or the one made at the first start and kept in DATA_DIR for the owner alone. */
const secretKeyOf = ({ SECRET_KEY, DATA_DIR }: Config): string => {
  if (SECRET_KEY !== undefined) return SECRET_KEY;
  const path = join(DATA_DIR, 'secret.key');
  mkdirSync(DATA_DIR, { recursive: true, mode: 0o700 });
  try {
    const file = openSync(path, 'wx', 0o600);
    writeFileSync(file, newSecretKey());
    fsyncSync(file);
    closeSync(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
  }
  return readFileSync(path, 'utf8').trim();
};

const retryEveryMs = 2_000;
const retryForMs = 60_000;

/** In a composed start the database may come up after us. */
const openWhenReady = async (config: Config, log: Logger): Promise<DataSource> => {
  const target = databaseTarget(config);
  const deadline = Date.now() + retryForMs;
  for (;;) {
    try {
      return await openDatabase(target, schema, config.DATABASE_POOL);
    } catch (cause) {
      if (target.kind === 'sqlite' || !databaseProblem(cause) || Date.now() > deadline) throw cause;
      log.warn({ event: 'database.waiting', err: cause });
      await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
    }
  }
};

/** Opens what the modules need. @param role 'service' takes the instance's lock and migrates; a command does not */
export const openResources = async (
  config: Config,
  log: Logger,
  role: 'service' | 'command',
): Promise<Resources> => {
  const secretKey = secretKeyOf(config);
  const dataSource = await openWhenReady(config, log);
  const instance = instanceOf(databaseTarget(config), dataSource);
  try {
    if (role === 'service') await instance.enter();
    const ran = await migrate(dataSource);
    if (ran.length > 0) log.info({ event: 'database.migrated', migrations: ran });
  } catch (cause) {
    await dataSource.destroy();
    throw cause;
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

/** Starts the service and resolves when it listens. */
export const startService = async (config: Config, log: Logger): Promise<Service> => {
  const resources = await openResources(config, log, 'service');
  const app = await createApp(resources, log);
  await app.listen(config.PORT, config.HOST);
  const server: Server = app.getHttpServer();
  const { address, port, family } = server.address() as AddressInfo;
  const host = /^(0\.0\.0\.0|::)$/.test(address) ? '127.0.0.1' : address;
  const url = `http://${family === 'IPv6' && host !== '127.0.0.1' ? `[${host}]` : host}:${port}`;
  log.info({ event: 'service.ready', url });
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const draining = app.get(Draining);
    draining.begin();
    log.info({ event: 'service.draining', graceSeconds: config.SHUTDOWN_GRACE });
    await app.close();
    await resources.instance.leave();
    await resources.dataSource.destroy();
    log.info({ event: 'service.stopped' });
  };
  return { app, url, stop: () => (stopping ??= stop()) };
};
