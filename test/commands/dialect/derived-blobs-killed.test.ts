import { sha256Of } from '../../support/bytes.js';
import { Backups } from '../../support/backups.js';
import { command } from '../../support/command.js';
import { freshPlace, isSqlite } from '../../support/database.js';
import type { Place } from '../../support/database.js';
import { program } from '../../support/program.js';
import type { Ended } from '../../support/program.js';
import { testProgram } from '../../support/program-build.js';
import { s3Credentials, startedS3 } from '../../support/s3-server.js';
import { startedService } from '../../support/service.js';

/**
 * The life of a derived blob, with a kill at each step: the next start finds either the blob with its row, or neither,
 * and no byte that belongs to nobody.
 */

const index = sha256Of(
  Buffer.concat(Array.from({ length: 2 }, () => Buffer.alloc(200_000, 'what was derived, '))),
);

interface Found {
  readonly findings: readonly string[];
  readonly unburied: number;
  readonly blobs: number;
  readonly index: string | null;
  readonly stray: readonly string[];
}

class Life {
  readonly backups = new Backups();

  private constructor(
    private readonly place: Place,
    private readonly env: Readonly<Record<string, string>>,
    private readonly archive: string,
  ) {}

  static async begun(env: Readonly<Record<string, string>>): Promise<Life> {
    const service = await startedService(env);
    const { id } = await service.given.archive();
    await service.stop();
    return new Life(service.place, env, id);
  }

  /** Begins a service, which looks around, does the deed and dies at the moment; then what the look around found. */
  async next(deed: string, moment: string): Promise<Found> {
    const ran = await this.run(deed, moment, this.place, this.env);
    expect(ran).toMatchObject(moment === '' ? { code: 0 } : { signal: 'SIGKILL' });
    const [line] = ran.stdout.split('\n').filter((text) => text.startsWith('{"event":"found"'));
    return JSON.parse(line ?? '{}') as Found;
  }

  run(
    deed: string,
    moment: string,
    place: Place,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const args = [deed, moment, this.archive, this.backups.dir];
    return program(args, env, place, [], testProgram('derived-blob')).then(({ ended }) => ended);
  }
}

const clean = { findings: [], unburied: 0, stray: [] };
const without = { ...clean, blobs: 1, index: null };
const withIndex = { ...clean, blobs: 2, index };

const told = async (env: Readonly<Record<string, string>>): Promise<Life> => {
  const life = await Life.begun(env);
  for (const moment of [
    'before its first byte',
    'in the midst of its bytes',
    'before it is durable',
    'before it is recorded',
    'within the transaction that records it',
  ])
    expect([moment, await life.next('write', moment)]).toEqual([
      moment,
      expect.objectContaining(without),
    ]);
  // What the last of these kills left, too.
  expect(await life.next('write', '')).toMatchObject(without);
  const replacing = 'before the one that it replaces is removed';
  expect(await life.next('write', replacing)).toMatchObject(withIndex);
  return life;
};

const ended = async (life: Life): Promise<void> => {
  expect(await life.next('delete', 'before its bytes go')).toMatchObject(withIndex);
  expect(await life.next('', '')).toMatchObject({ ...clean, blobs: 0 });
};

it('on a disk: written, backed up, restored and deleted', async () => {
  const life = await told({});
  expect(await life.next('backup', 'between two blobs')).toMatchObject(withIndex);
  expect(await life.next('backup', 'after its manifest')).toMatchObject(withIndex);
  const elsewhere = await freshPlace();
  expect(await life.run('restore', 'between two blobs', elsewhere)).toMatchObject({
    signal: 'SIGKILL',
  });
  expect(await life.run('restore', 'after its rows', elsewhere)).toMatchObject({
    signal: 'SIGKILL',
  });
  expect(await command(['verify'], { place: elsewhere })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^1 archives, \d+ bytes, 0 findings\n$/),
  });
  await ended(life);
});

it.each(['after one of its blobs went', 'after both of its blobs went'])(
  'deleted on a disk and killed %s',
  async (moment) => {
    const life = await Life.begun({});
    expect(await life.next('write', '')).toMatchObject(without);
    expect(await life.next('delete', moment)).toMatchObject(withIndex);
    expect(await life.next('', '')).toMatchObject({ ...clean, blobs: 0 });
  },
);

// What the store is matters to no database, and PostgreSQL takes seconds to know that a process is dead.
(isSqlite ? it : it.skip)('in S3: written and deleted', async () => {
  const s3 = await startedS3();
  await ended(await told({ STORAGE_URL: s3.storageUrl(), ...s3Credentials }));
});
