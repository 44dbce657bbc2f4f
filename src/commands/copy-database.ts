import type { Resources } from '../app.module.js';
import {
  DatabaseServed,
  Interrupted,
  NoTarget,
  TargetInvalid,
  TargetIsSource,
  TargetNotEmpty,
} from '../backup/backup.errors.js';
import { DatabaseCopy } from '../backup/database-copy.js';
import type { CopiedTable } from '../backup/database-copy.js';
import { withSnapshots } from '../backup/database-snapshot.js';
import { otherTables } from '../backup/other-tables.js';
import { databaseUrlForm } from '../config/config.js';
import type { Config } from '../config/config.js';
import { databaseTarget, loadConfig } from '../config/load-config.js';
import { DatabaseNotOpened } from '../database/errors.js';
import { OtherSecretKey } from '../database/instance.js';
import { openResources } from '../main.js';
import { schema } from '../schema.js';
import { assertExists, commandLog, interruptible, print } from './command.js';

interface Side {
  readonly which: 'source' | 'target';
  readonly config: Config;
  /** Said of what cannot be opened. */
  readonly named: string;
}

const sourceOf = (config: Config): Side => ({
  which: 'source',
  config,
  named: config.DATABASE_URL === undefined ? 'DATA_DIR' : 'DATABASE_URL',
});

/** The same service on the other database. @throws NoTarget, TargetInvalid, TargetIsSource */
const targetOf = (config: Config, argument: string | undefined): Side => {
  const given = [argument, process.env['TARGET_DATABASE_URL']].filter(Boolean);
  const [url] = given;
  if (url === undefined || given.length > 1) throw new NoTarget();
  const named = argument ? 'The argument' : 'TARGET_DATABASE_URL';
  if (!databaseUrlForm.accepts(url)) throw new TargetInvalid(named, databaseUrlForm.may);
  const target: Config = { ...config, DATABASE_URL: url };
  if (JSON.stringify(databaseTarget(target)) === JSON.stringify(databaseTarget(config)))
    throw new TargetIsSource();
  return { which: 'target', config: target, named };
};

/** While nothing was written yet there is nothing to wait for. @throws Interrupted */
const orInterrupted = async <Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> => {
  const heard = new AbortController();
  const interrupted = new Promise<never>((_resolve, reject) => {
    const end = (): void => reject(new Interrupted('copy'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { signal: heard.signal });
  });
  try {
    return await Promise.race([interrupted, work()]);
  } finally {
    heard.abort();
  }
};

/**
 * With the service's lock: on SQLite nobody begins to serve the database meanwhile; on PostgreSQL a replica could, and
 * `instance` tells. A database that does not answer is not waited for: the operator is there, and reads why.
 * @throws AlreadyRunning, DatabaseServed, DatabaseNotOpened, Interrupted
 */
const alone = async <Result>(
  { which, config, named }: Side,
  signal: AbortSignal,
  work: (opened: Pick<Resources, 'dataSource' | 'instance'>) => Promise<Result>,
): Promise<Result> => {
  const opening = { named, waitMs: 0 };
  const { dataSource, instance } = await orInterrupted(signal, () =>
    openResources(config, commandLog(config), 'service', schema, opening),
  ).catch((cause: unknown) => {
    throw cause instanceof OtherSecretKey ? new DatabaseServed(which) : cause;
  });
  try {
    if (await instance.isShared()) throw new DatabaseServed(which);
    return await work({ dataSource, instance });
  } finally {
    await instance.leave();
    await dataSource.destroy();
  }
};

/** Before the tables are made in it. @throws TargetNotEmpty, DatabaseNotOpened */
const assertOurs = async ({ config, named }: Side): Promise<void> => {
  const target = databaseTarget(config);
  const others = await otherTables(target, schema).catch((cause: unknown) => {
    throw cause instanceof Error ? new DatabaseNotOpened(target, named, cause) : cause;
  });
  if (others.length > 0) throw new TargetNotEmpty(others);
};

const copied = (source: Side, target: Side, signal: AbortSignal) =>
  alone(source, signal, async ({ instance }) => {
    await orInterrupted(signal, () => assertOurs(target));
    return alone(target, signal, ({ dataSource }) =>
      withSnapshots(source.config, schema.entities, (look) =>
        look((snapshot) =>
          new DatabaseCopy(snapshot, dataSource, signal, () => instance.isShared()).run(),
        ),
      ),
    );
  });

/** @param argument where to; where it is not given, TARGET_DATABASE_URL says it */
export const runCopyDatabase = async (argument?: string): Promise<void> => {
  const config = loadConfig(process.env);
  const target = targetOf(config, argument);
  assertExists(config);
  const tables: readonly CopiedTable[] = await interruptible((signal) =>
    copied(sourceOf(config), target, signal),
  );
  for (const { name, rows, digest } of tables) print(`${name}\t${rows}\t${digest}`);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  print(
    `copied ${rows} rows of ${tables.length} tables, read back the same. Give the service the new DATABASE_URL, and never start it on the old database again: the storage belongs to the new one now`,
  );
};
