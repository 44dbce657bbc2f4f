import { BackupFolder } from '../backup/backup-folder.js';
import { DatabaseAhead } from '../backup/backup.errors.js';
import { BackupService } from '../backup/backup.service.js';
import { Restore, restoreSecretKey, schemaAt } from '../backup/restore.js';
import type { Restored, Snapshot } from '../backup/restore.js';
import { RestoredService } from '../backup/restored.service.js';
import { VerifyService } from '../maintenance/verify.service.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { DatabaseNewer } from '../database/migrate.js';
import { openResources } from '../main.js';
import { schema } from '../schema.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import type { NamedBlob } from '../storage/blobs/blob-register.service.js';
import { openStore } from '../storage/open-store.js';
import { commandLog, interruptible, operator, print, withStorage } from './command.js';
import { printVerified } from './commands.js';

const mostKept = 10_000;

const printDamaged = (damaged: readonly NamedBlob[]): void => {
  for (const { key, name } of damaged) print(`damaged ${key} ${JSON.stringify(name)}`);
};

export interface BackupFlags {
  readonly keep: string;
  readonly verify?: boolean;
  readonly withSecretKey?: boolean;
}

export const runBackup = async (dir: string, flags: BackupFlags): Promise<void> => {
  const keep = /^\d{1,5}$/.test(flags.keep) ? Number(flags.keep) : 0;
  if (keep < 1 || keep > mostKept)
    throw new Error(`--keep holds "${flags.keep}"; it may hold 1 to ${mostKept} snapshots`);
  const { verify = false, withSecretKey = false } = flags;
  const made = await interruptible((signal) =>
    withStorage((service) =>
      service.get(BackupService).backup(dir, { keep, verify, withSecretKey, signal }),
    ),
  );
  printDamaged(made.damaged);
  const { snapshot, archives, bytes, copied, pruned } = made;
  print(
    `backup ${snapshot}: ${archives} archives, ${bytes} bytes; ${copied} copied, ${pruned} no longer needed`,
  );
  if (made.damaged.length > 0) process.exitCode = 1;
};

/** @throws DatabaseAhead, and what Restore throws */
const restoreFrom = async (
  folder: BackupFolder,
  snapshot: Snapshot,
  config: Config,
  signal: AbortSignal,
): Promise<Restored> => {
  const then = schemaAt(schema, snapshot);
  restoreSecretKey(folder, snapshot, config);
  // With the service's lock: no service may begin to fill what is to stay empty.
  const resources = await openResources(config, commandLog(config), 'service', then).catch(
    (cause: unknown) => {
      const isOlder =
        Object.values(then.migrations).length < Object.values(schema.migrations).length;
      throw isOlder && cause instanceof DatabaseNewer ? new DatabaseAhead() : cause;
    },
  );
  const { dataSource, instance } = resources;
  try {
    const store = await openStore(config);
    return await new Restore(dataSource, store, folder, snapshot, signal).run();
  } finally {
    await instance.leave();
    await dataSource.destroy();
  }
};

const keyAdvice = (usernames: readonly string[], { manifest }: Snapshot): string =>
  [
    'SECRET_KEY is not the one of the backup. Give the service that one before it starts',
    manifest.secretKey.included ? ' (the backup holds it: secret.key in its folder)' : '',
    '. Without it "audit verify" can follow no event of the backup, and authenticator apps cannot be asked for codes: ',
    usernames.length > 0
      ? `run "user reset-second-factor" for ${usernames.join(', ')}`
      : 'nobody has one',
  ].join('');

export const runRestore = async (
  dir: string,
  { snapshot: wanted }: { readonly snapshot?: string },
): Promise<void> => {
  const config = loadConfig(process.env);
  const folder = await BackupFolder.forRestore(dir);
  try {
    const snapshot = await folder.snapshot(wanted);
    const restored = await interruptible((signal) => restoreFrom(folder, snapshot, config, signal));
    const { archives, bytes, damaged } = restored;
    await withStorage(async (service) => {
      printDamaged(await service.get(BlobRegister).named(damaged));
      const unprovable = await service
        .get(RestoredService)
        .settle(snapshot, operator, { archives, bytes });
      print(`restored ${snapshot.name}: ${archives} archives, ${bytes} bytes`);
      if (unprovable) process.stderr.write(`${keyAdvice(unprovable, snapshot)}\n`);
      printVerified(await service.get(VerifyService).verify());
    });
  } finally {
    folder.close();
  }
};
