import { dirname, join } from 'node:path';
import { noise, seeded, sha256Of } from '../../support/bytes.js';
import { command } from '../../support/command.js';
import { freshPlace, isSqlite } from '../../support/database.js';
import { isLong } from '../../support/how-long.js';
import type { Place } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import type { IssuedToken } from '../../support/given.js';
import { send } from '../../support/http.js';
import type { Answer } from '../../support/http.js';
import { ForgetfulDisk, replayed } from '../../support/power-cut.js';
import { spawnedService } from '../../support/program.js';
import { blobPath, storeFolder, storedFiles } from '../../support/store-files.js';
import { describeTraced, tracedService } from '../../support/system-calls.js';
import type { SystemCall } from '../../support/system-calls.js';
import { archiveOf, idOf, tus } from '../../support/tus.js';
import { tokenState } from '../../support/upload-under-way.js';
import { upload } from '../../support/upload.js';

/** What somebody was told: by then it had to be durable. */
interface Step {
  /** X-Request-Id of the answer, by which it is found in the trace. */
  readonly name: string;
  readonly does: 'stores' | 'deletes' | 'begins' | 'goes-on';
  readonly id: string;
  /** Of the whole file; where one goes on, those that it has by then. */
  readonly bytes: Buffer;
}

interface Story {
  readonly place: Place;
  readonly calls: readonly SystemCall[];
  readonly steps: readonly Step[];
  readonly token: IssuedToken;
  readonly key: string;
  /** Of the resumable upload. */
  readonly path: string;
}

const attempts = 10;
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);
/** Power cuts at random moments after which the program is started, besides those at the last answers. */
const randomCuts = Number(process.env['TEST_POWER_CUTS'] ?? (isLong ? 20 : 2));

/** One upload by each way in and a deletion, one after the other, and what the program asked of the system for them. */
const told = async (): Promise<Story> => {
  const service = await tracedService();
  const { url, place, given } = service;
  const token = await given.uploadToken({ attempts });
  const { value: key } = await given.apiKey(['archives:read', 'archives:delete']);
  const steps: Step[] = [];
  const step = (does: Step['does'], name: string, id: string, bytes: Buffer, answer: Answer) => {
    expect({ name, status: answer.status, text: answer.text }).toMatchObject({
      status: does === 'deletes' || /^tus-(goes-on|finishes)$/.test(name) ? 204 : 201,
    });
    steps.push({ does, name, id, bytes });
  };
  for (const [at, way] of (['form', 'put', 'post'] as const).entries()) {
    const bytes = noise(150_000 + at, at + 1);
    const headers = { 'X-Request-Id': way };
    const answer = await upload(url, token, { way, bytes, headers });
    step('stores', way, String(answer.body.id), bytes, answer);
  }
  const owner = tus(url, token);
  const bytes = noise(120_000, 7);
  const headers = { 'X-Request-Id': 'tus-begins' };
  const begun = await owner.create({ length: bytes.length, headers });
  const path = String(begun.headers.location);
  step('begins', 'tus-begins', idOf(path), bytes, begun);
  const half = bytes.subarray(0, 50_000);
  const goneOn = await owner.patch(path, 0, half, { 'X-Request-Id': 'tus-goes-on' });
  step('goes-on', 'tus-goes-on', idOf(path), half, goneOn);
  const last = await owner.patch(path, 50_000, bytes.subarray(50_000), {
    'X-Request-Id': 'tus-finishes',
  });
  step('stores', 'tus-finishes', archiveOf(last), bytes, last);
  const [doomed] = steps;
  if (!doomed) throw new Error('nothing to delete');
  const deleted = await send(`${url}/api/v1/archives/${doomed.id}`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${key}`, 'X-Request-Id': 'delete' },
  });
  step('deletes', 'delete', doomed.id, doomed.bytes, deleted);
  return { place, calls: await service.calls(), steps, token, key, path };
};

const isSocket = ({ paths: [path = ''] }: SystemCall): boolean => path.startsWith('socket:');
const isSync = ({ name }: SystemCall): boolean => name === 'fsync' || name === 'fdatasync';
const isAnswer = (call: SystemCall, { name }: Step): boolean =>
  isSocket(call) &&
  call.bytes.toString('latin1', 0, 9) === 'HTTP/1.1 ' &&
  call.bytes.includes(`: ${name}\r\n`);

/**
 * What was done for one archive until the answer, in its order and each thing once: the bytes and the names on the
 * disk, and the transactions that name it, which SQLite makes durable by a sync of its log and PostgreSQL when it is
 * told COMMIT on the connection that the archive was named on.
 * @param after only what was done after the answer to this
 */
const done = ({ place, calls }: Story, step: Step, after?: Step): string[] => {
  const partial = join(storeFolder(place), 'partial', step.id);
  const blob = blobPath(place, step.id);
  const labels: string[] = [];
  const named = new Set<string>();
  const labelOf = (call: SystemCall): string | null => {
    const [path = '', to] = call.paths;
    if (isAnswer(call, step)) return 'answered';
    if (path === partial && call.bytes.length > 0) return 'bytes written';
    if (path === partial && isSync(call)) return 'bytes synced';
    if (call.name.startsWith('rename') && path === partial && to === blob) return 'named';
    if (call.name.startsWith('unlink') && path === blob) return 'unlinked';
    if (path === dirname(blob) && isSync(call)) return 'name synced';
    if (isSqlite ? path.endsWith('.sqlite-wal') : isSocket(call)) {
      if (call.bytes.includes(step.id)) named.add(path);
      if (isSqlite ? isSync(call) : call.bytes.includes('COMMIT'))
        return named.delete(path) ? 'committed' : null;
    }
    return null;
  };
  const first = after ? calls.findIndex((call) => isAnswer(call, after)) + 1 : 0;
  for (const call of calls.slice(first)) {
    const label = labelOf(call);
    if (label !== null && label !== labels.at(-1)) labels.push(label);
    if (label === 'answered') break;
  }
  return labels;
};

/** Looks at each moment at which something became durable or was told; `expected` are the archives to be there then. */
const atEachMoment = (
  { place, calls, steps }: Story,
  look: (moment: {
    readonly disk: ForgetfulDisk;
    readonly expected: readonly Step[];
    readonly gone: readonly Step[];
    /** All that was told by then. */
    readonly past: readonly Step[];
    /** What was told at this very moment. */
    readonly told: Step | undefined;
  }) => void,
): void => {
  const disk = new ForgetfulDisk(place.dataDir);
  let answered = 0;
  replayed(calls, disk, (call, is) => {
    const next = steps[answered];
    const isTold = next !== undefined && is === 'begun' && isAnswer(call, next);
    if (isTold) answered += 1;
    else if (is !== 'ended' || !isSync(call)) return;
    const past = steps.slice(0, answered);
    // From the answer before on, the deletion may be under way.
    const deleted = steps.slice(0, answered + 1).filter(({ does }) => does === 'deletes');
    look({
      disk,
      expected: past.filter(
        ({ does, id }) => does === 'stores' && !deleted.some((one) => one.id === id),
      ),
      gone: past.filter(({ does }) => does === 'deletes'),
      past,
      told: isTold ? next : undefined,
    });
  });
  expect(answered).toBe(steps.length);
};

const archivesOf = async (url: string, key: string): Promise<Map<string, string>> => {
  const { status, body } = await send(`${url}/api/v1/archives`, {
    method: 'GET',
    headers: { Authorization: `Bearer ${key}` },
  });
  // The power went before there was such a key.
  if (status === 401) return new Map();
  const { items } = body as { items: { id: string; sha256: string }[] };
  return new Map(items.map(({ id, sha256 }) => [id, sha256]));
};

/** Starts the program on what the power cut left, and holds what it finds and does against what was told. */
const expectRecovered = async (
  place: Place,
  { token, key, path, steps }: Story,
  expected: readonly Step[],
  gone: readonly Step[],
): Promise<void> => {
  const service = await spawnedService({}, place);
  const { url } = service;
  let listed = await archivesOf(url, key);
  for (const { id, bytes } of expected) expect(listed.get(id)).toBe(sha256Of(bytes));
  for (const { id } of gone) expect(listed.has(id)).toBe(false);
  const begun = steps.find(({ does }) => does === 'begins');
  const owner = tus(url, token);
  const head = await owner.head(path);
  if (begun && head.status === 200 && head.headers['archive-id'] === undefined) {
    // Its customer goes on with what is left.
    const offset = Number(head.headers['upload-offset']);
    const rest = await owner.patch(path, offset, begun.bytes.subarray(offset));
    expect(rest).toMatchObject({ status: 204 });
  }
  listed = await archivesOf(url, key);
  if (head.status === 200 && begun) expect(listed.get(begun.id)).toBe(sha256Of(begun.bytes));
  if (expected.length > 0) {
    const { attemptsLeft } = await tokenState(url, token);
    // The one to be deleted was the first to be stored.
    const doomed = steps.find(({ does }) => does === 'deletes')?.id ?? '';
    const spent = listed.size + (listed.has(doomed) ? 0 : 1);
    expect(Number(attemptsLeft) + spent).toBe(attempts);
  }
  await eventually(() => expect(storedFiles(place)).toEqual([...listed.keys()].sort()));
  expect(service.log.events('http.failed')).toEqual([]);
  service.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ code: 0 });
  expect(await command(['verify'], { place })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^${listed.size} archives, \\d+ bytes, 0 findings`)),
  });
};

describeTraced('what is answered is durable', () => {
  let story: Story;
  beforeAll(async () => {
    story = await told();
  });

  it.each(['form', 'put', 'post', 'tus-finishes'])(
    'bytes, then their name, then their record, then the answer: %s',
    (name) => {
      const step = story.steps.find((one) => one.name === name);
      const labels = step ? done(story, step) : [];
      // An attempt is taken before the first byte.
      expect(labels.indexOf('committed')).toBeLessThan(labels.indexOf('bytes written'));
      expect(labels.slice(labels.lastIndexOf('bytes written'))).toEqual([
        'bytes written',
        'bytes synced',
        'named',
        'name synced',
        'committed',
        'answered',
      ]);
    },
  );

  it('what a resumable upload has is durable before its offset is told', () => {
    const step = story.steps.find(({ does }) => does === 'goes-on');
    const labels = step ? done(story, step) : [];
    const since = labels.slice(labels.lastIndexOf('bytes written'));
    expect(since.filter((label) => label !== 'committed')).toEqual([
      'bytes written',
      'bytes synced',
      'answered',
    ]);
    const key = step?.id ?? '';
    const partial = join(storeFolder(story.place), 'partial', key);
    let moments = 0;
    atEachMoment(story, ({ disk, past }) => {
      if (!past.some(({ does }) => does === 'goes-on')) return;
      moments += 1;
      const held = disk.durable(partial) ?? disk.durable(blobPath(story.place, key));
      expect(step && held?.subarray(0, step.bytes.length).equals(step.bytes)).toBe(true);
    });
    expect(moments).toBeGreaterThan(1);
  });

  it('the record goes before the bytes, and they before the answer: delete', () => {
    const [before, step] = story.steps.slice(-2);
    const labels = step ? done(story, step, before) : [];
    expect(labels.slice(0, 3)).toEqual(['committed', 'unlinked', 'name synced']);
    expect(labels.at(-1)).toBe('answered');
  });

  it('a disk that keeps only what was synced has each archive whole from its answer on', () => {
    let moments = 0;
    atEachMoment(story, ({ disk, expected, gone }) => {
      moments += 1;
      for (const { name, id, bytes } of expected) {
        const durable = disk.durable(blobPath(story.place, id));
        expect({ name, isWhole: durable?.equals(bytes) }).toEqual({ name, isWhole: true });
      }
      for (const { id } of gone) expect(disk.durable(blobPath(story.place, id))).toBeNull();
    });
    // Each of the uploads syncs at least its bytes, their name and, on SQLite, two transactions.
    expect(moments).toBeGreaterThan(story.steps.length * (isSqlite ? 4 : 2));
  });

  // PostgreSQL is another's program, and its own files are none of ours.
  if (isSqlite)
    it('the program starts on what a power cut left, and keeps its word', async () => {
      let moments = 0;
      atEachMoment(story, () => (moments += 1));
      const random = seeded(seed);
      const lastTold = new Set<Step | undefined>(story.steps.slice(-3));
      const chosen = new Set(Array.from({ length: randomCuts }, () => random(moments)));
      const cuts: (() => Promise<void>)[] = [];
      let at = 0;
      const places = await Promise.all(Array.from({ length: moments }, () => freshPlace()));
      atEachMoment(story, ({ disk, expected, gone, told: step }) => {
        const place = places[at];
        const moment = at;
        at += 1;
        if (!place || !(lastTold.has(step) || chosen.has(moment))) return;
        disk.writeTo(place.dataDir);
        cuts.push(() =>
          expectRecovered(place, story, expected, gone).catch((cause: unknown) => {
            throw new Error(`after a power cut at moment ${moment} of ${moments}, seed ${seed}`, {
              cause,
            });
          }),
        );
      });
      for (const cut of cuts) await cut();
    });
});
