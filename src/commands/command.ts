import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { AppModule } from '../app.module.js';
import { StoreIdentity } from '../maintenance/store-identity.service.js';
import type { Config } from '../config/config.js';
import { withoutPasswords } from '../config/credentials.js';
import { databaseTarget, loadConfig } from '../config/load-config.js';
import { DomainError } from '../errors/domain-error.js';
import { systemActor } from '../http/actor.js';
import type { Actor } from '../http/actor.js';
import { JsonLogger, createLog } from '../http/log.js';
import { openResources } from '../main.js';
import { letInterruptsThrough } from './early-interrupt.js';

/** Who does what a command does, as the audit names them. */
export const operator: Actor = { ...systemActor, name: 'command line' };

/** Commands log to standard error: standard output is their result. */
export const commandLog = (config: Config) =>
  createLog(config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL, process.stderr);

/** A command on a database that was never made would make one, and find nothing wrong with it. */
export const assertExists = (config: Config): void => {
  const target = databaseTarget(config);
  if (target.kind === 'sqlite' && !existsSync(target.path))
    throw new Error(`There is no database at ${target.path}; are DATA_DIR and DATABASE_URL right?`);
};

/** Runs one command beside a service that may be running. @param mayBeFirst whether it may make the database */
export const withService = async <Result>(
  work: (service: INestApplicationContext) => Promise<Result>,
  mayBeFirst = false,
): Promise<Result> => {
  const config = loadConfig(process.env);
  if (!mayBeFirst) assertExists(config);
  const log = commandLog(config);
  const resources = await openResources(config, log, 'command');
  const context = await NestFactory.createApplicationContext(AppModule.of(resources), {
    logger: new JsonLogger(log),
    abortOnError: false,
  });
  try {
    return await work(context);
  } finally {
    await context.close();
    await resources.dataSource.destroy();
  }
};

/** The same, for commands that touch the storage. @throws StorageNotThere, NotAStore */
export const withStorage = <Result>(
  work: (service: INestApplicationContext) => Promise<Result>,
): Promise<Result> =>
  withService(async (service) => {
    await service.get(StoreIdentity).take();
    return work(service);
  });

/** The first SIGINT or SIGTERM ends the work cleanly, the second one at once. */
export const interruptible = async <Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  letInterruptsThrough();
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
};

/** What a system or a driver says went wrong, in one line. A password may stand in what it says of an address. */
export const reason = (cause: unknown): string =>
  cause instanceof Error
    ? withoutPasswords(
        ('code' in cause && typeof cause.code === 'string' ? `${cause.code} ` : '') + cause.message,
      )
        .replace(/\s+/g, ' ')
        .trim()
    : 'for a reason that it does not say';

/** What the operator reads of a failure. To a client we say less than what the system said. */
export const sentenceOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof DomainError && cause.cause instanceof Error
    ? `${cause.message} (${reason(cause.cause)})`
    : cause.message;
};

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
