import { DataSource } from 'typeorm';
import { storeIdSetting } from '../../src/maintenance/store-identity.service.js';
import { Instance } from '../../src/database/instance.js';
import { loadConfig } from '../../src/config/load-config.js';
import { factsOf } from '../../src/doctor/checks/database.check.js';
import { examine } from '../../src/doctor/doctor.js';
import type { Finding } from '../../src/doctor/finding.js';
import { Keyring } from '../../src/secrets/secrets.js';
import { BlobStore } from '../../src/storage/blob-store.js';
import { command } from './command.js';
import { isSqlite } from './database.js';
import { testEnv } from './service.js';
import type { TestService } from './service.js';

/** What a machine has is told by its own test. */
const everyWall = {
  permissionModel: true,
  limits: true,
  seccomp: true,
  landlock: true,
  network: true,
};

type Env = Readonly<Record<string, string>>;

export interface Visit {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

/** The doctor's findings about a running service; in this process, with what the command would open. */
export const doctorSays = async (
  { app, place }: TestService,
  env: Env,
  seconds = 0,
): Promise<Visit> => {
  const patient = {
    config: loadConfig({ ...testEnv(place), ...env }),
    keyring: app.get(Keyring),
    database: await factsOf(app.get(DataSource), storeIdSetting),
    store: app.get(BlobStore),
    hasWorker: isSqlite ? null : await app.get(Instance).hasWorker(),
    walls: { kind: 'measured', walls: everyWall } as const,
    trouble: null,
  };
  const findings: Finding[] = [];
  for await (const finding of examine(patient, 1000 * seconds)) findings.push(finding);
  return { code: findings.some(({ level }) => level === 'fail') ? 1 : 0, findings };
};

/** The same as an operator types it. */
export const typedDoctor = async (
  { place }: Pick<TestService, 'place'>,
  env: Env,
  seconds = 0,
): Promise<Visit> => {
  const args = ['doctor', '--json', '--seconds', String(seconds)];
  const { code, stdout, stderr } = await command(args, { place, env });
  expect(stderr).toBe('');
  return { code, findings: (JSON.parse(stdout) as { findings: Finding[] }).findings };
};

/** Checks that came to this, by name. */
export const named = ({ findings }: Visit, level: Finding['level']): readonly string[] =>
  findings.filter((finding) => finding.level === level).map(({ check }) => check);

/** What a check saw, and what it says to change. */
export const sentence = ({ findings }: Visit, check: string): string => {
  const { saw = '', change = '' } = findings.find((finding) => finding.check === check) ?? {};
  return `${saw} ${change}`;
};
