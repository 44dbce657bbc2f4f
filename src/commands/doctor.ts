import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { storeIdSetting } from '../maintenance/store-identity.service.js';
import type { Config } from '../config/config.js';
import { databaseTarget, loadConfig } from '../config/load-config.js';
import { openDatabase } from '../database/data-source.js';
import { factsOf } from '../doctor/checks/database.check.js';
import type { DatabaseFacts } from '../doctor/checks/database.check.js';
import { examine } from '../doctor/doctor.js';
import type { Patient } from '../doctor/doctor.js';
import { fail, lineOf } from '../doctor/finding.js';
import type { Finding, Level } from '../doctor/finding.js';
import { JsonLogger, createLog } from '../http/log.js';
import { openResources } from '../main.js';
import { measureWalls } from '../sandbox/walls.js';
import { schema } from '../schema.js';
import { secretKeyIn } from '../secrets/secret-key-file.js';
import { Keyring } from '../secrets/secrets.js';
import { BlobStore } from '../storage/blob-store.js';
import { version } from '../version.js';
import { print, reason } from './command.js';

const connections = 2;
const longestSeconds = 600;

const unknown = (why: string): DatabaseFacts => ({
  finding: fail(
    'database',
    `it cannot be opened: ${why}.`,
    'DATABASE_URL or DATA_DIR; is it running, and its volume there?',
  ),
  storeId: null,
  hasUsers: null,
});

/** What the database says; nothing is made or migrated. */
const databaseFacts = async (config: Config): Promise<DatabaseFacts> => {
  const target = databaseTarget(config);
  if (target.kind === 'sqlite' && !existsSync(target.path))
    return unknown(`there is no ${target.path}`);
  try {
    const dataSource = await openDatabase(target, schema, connections);
    try {
      return await factsOf(dataSource, storeIdSetting);
    } finally {
      await dataSource.destroy();
    }
  } catch (cause) {
    return unknown(reason(cause));
  }
};

/** Opens what is beside the service. */
const withPatient = async (config: Config, work: (patient: Patient) => Promise<void>) => {
  const secretKey = config.SECRET_KEY ?? secretKeyIn(config.DATA_DIR);
  const keyring = secretKey === null ? null : new Keyring(secretKey);
  const database = await databaseFacts(config);
  const walls = await measureWalls();
  const unseen = { store: null, hasWorker: null, trouble: null };
  const patient = { config, keyring, database, walls, ...unseen };
  // Opening what the modules need would make a key and migrate.
  if (database.finding.level !== 'ok' || keyring === null) return work(patient);
  const log = createLog('silent');
  const resources = await openResources(config, log, 'command').catch(reason);
  if (typeof resources === 'string') return work({ ...patient, trouble: resources });
  try {
    const context = await NestFactory.createApplicationContext(AppModule.of(resources), {
      logger: new JsonLogger(log),
      abortOnError: false,
    }).catch(reason);
    if (typeof context === 'string') return await work({ ...patient, trouble: context });
    try {
      const { kind } = databaseTarget(config);
      const hasWorker = kind === 'sqlite' ? null : await resources.instance.hasWorker();
      await work({ ...patient, store: context.get(BlobStore), hasWorker });
    } finally {
      await context.close();
    }
  } finally {
    await resources.dataSource.destroy();
  }
};

export interface DoctorFlags {
  readonly seconds: string;
  readonly json?: boolean;
}

export const runDoctor = async ({ seconds, json = false }: DoctorFlags): Promise<void> => {
  const forSeconds = /^\d{1,3}$/.test(seconds) ? Number(seconds) : Infinity;
  if (forSeconds > longestSeconds)
    throw new Error(`--seconds holds "${seconds}"; it may hold 0 to ${longestSeconds}`);
  const findings: Finding[] = [];
  await withPatient(loadConfig(process.env), async (patient) => {
    for await (const finding of examine(patient, 1000 * forSeconds)) {
      findings.push(finding);
      if (!json) print(lineOf(finding));
    }
  });
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail'), skip: count('skip') };
  print(
    json
      ? JSON.stringify({ version, ...counts, findings })
      : `${counts.ok} ok, ${counts.warn} to look at, ${counts.fail} failed`,
  );
  if (counts.fail > 0) process.exitCode = 1;
};
