import type { Resources } from '../app.module.js';
import {
  DatabaseServed,
  NoTarget,
  TargetInvalid,
  TargetIsSource,
} from '../backup/backup.errors.js';
import { DatabaseCopy } from '../backup/database-copy.js';
import type { CopiedTable } from '../backup/database-copy.js';
import { withSnapshots } from '../backup/database-snapshot.js';
import { databaseUrlForm } from '../config/config.js';
import type { Config } from '../config/config.js';
import { databaseTarget, loadConfig } from '../config/load-config.js';
import { openResources } from '../main.js';
import { schema } from '../schema.js';
import { assertExists, commandLog, interruptible, print } from './command.js';

/** The same service on the other database. @throws NoTarget, TargetInvalid, TargetIsSource */
const targetOf = (config: Config, argument: string | undefined): Config => {
  const given = [argument, process.env['TARGET_DATABASE_URL']].filter(Boolean);
  const [url] = given;
  if (url === undefined || given.length > 1) throw new NoTarget();
  if (!databaseUrlForm.pattern.test(url)) throw new TargetInvalid(databaseUrlForm.may);
  const target: Config = { ...config, DATABASE_URL: url };
  if (JSON.stringify(databaseTarget(target)) === JSON.stringify(databaseTarget(config)))
    throw new TargetIsSource();
  return target;
};

/**
 * With the service's lock: on SQLite nobody begins to serve the database meanwhile; on PostgreSQL a replica could, and
 * `instance` tells. @throws AlreadyRunning, DatabaseServed
 */
const alone = async <Result>(
  config: Config,
  which: 'source' | 'target',
  work: (opened: Pick<Resources, 'dataSource' | 'instance'>) => Promise<Result>,
): Promise<Result> => {
  const { dataSource, instance } = await openResources(config, commandLog(config), 'service');
  try {
    if (await instance.isShared()) throw new DatabaseServed(which);
    return await work({ dataSource, instance });
  } finally {
    await instance.leave();
    await dataSource.destroy();
  }
};

const copied = (config: Config, target: Config, signal: AbortSignal) =>
  alone(config, 'source', ({ instance }) =>
    alone(target, 'target', ({ dataSource }) =>
      withSnapshots(config, schema.entities, (look) =>
        look((snapshot) =>
          new DatabaseCopy(snapshot, dataSource, signal, () => instance.isShared()).run(),
        ),
      ),
    ),
  );

/** @param argument where to; where it is not given, TARGET_DATABASE_URL says it */
export const runCopyDatabase = async (argument?: string): Promise<void> => {
  const config = loadConfig(process.env);
  const target = targetOf(config, argument);
  assertExists(config);
  const tables: readonly CopiedTable[] = await interruptible((signal) =>
    copied(config, target, signal),
  );
  for (const { name, rows, digest } of tables) print(`${name}\t${rows}\t${digest}`);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  print(
    `copied ${rows} rows of ${tables.length} tables, read back the same. Give the service the new DATABASE_URL, and never start it on the old database again: the storage belongs to the new one now`,
  );
};
