import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type TestAgent from 'supertest/lib/agent.js';
import { ScrubService } from '../../src/maintenance/scrub.service.js';
import { noise } from '../support/bytes.js';
import { command } from '../support/command.js';
import { isSqlite } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, storeFolder, storedFiles } from '../support/store-files.js';

const fast = { SCRUB_RATE_BYTES: String(10 ** 9) };
/** What costs it a few bytes is done; what costs it as much as a file does is not done today. */
const slow = { SCRUB_RATE_BYTES: '1000' };

const dayMs = 24 * 60 * 60 * 1000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

/** What the clock does each minute. */
const scrub = (service: TestService, now?: Date): Promise<void> =>
  service.app.get(ScrubService).run(now);

const stored = async (service: TestService, name: string, size = 5_000): Promise<string> =>
  String((await service.given.archive({ name, bytes: noise(size) })).id);

/** Flips a bit, as a disk does. @returns what flips it back */
const flipped = (service: TestService, id: string): (() => void) => {
  const flip = (): void => {
    const path = blobPath(service.place, id);
    const bytes = readFileSync(path);
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
  };
  flip();
  return flip;
};

const states = async (api: TestAgent): Promise<Record<string, string>> => {
  const { body } = await api.get('/archives').expect(200);
  const { items } = body as { items: { filename: string; state: string }[] };
  return Object.fromEntries(items.map(({ filename, state }) => [filename, state]));
};

const audited = async (api: TestAgent, action: string): Promise<unknown[]> =>
  ((await api.get(`/audit-events?action=${action}`).expect(200)).body as { items: unknown[] })
    .items;

const troubles = async (api: TestAgent): Promise<unknown> =>
  ((await api.get('/overview').expect(200)).body as { troubles: { items: unknown } }).troubles
    .items;

describe('the scheduled scrub', () => {
  it('finds a flipped bit, a missing file and a stray one, and tells everybody', async () => {
    const service = await startedService(fast);
    const { api } = await service.given.admin();
    const changed = await stored(service, 'changed.log', 600_000);
    const missing = await stored(service, 'missing.log');
    const intact = await stored(service, 'intact.log');
    const flipBack = flipped(service, changed);
    rmSync(blobPath(service.place, missing));
    writeFileSync(join(storeFolder(service.place), 'notes.txt'), 'stray');

    await scrub(service);

    expect(await states(api)).toEqual({
      'changed.log': 'damaged',
      'missing.log': 'damaged',
      'intact.log': 'stored',
    });
    for (const id of [changed, missing]) {
      expectProblem(await api.get(`/archives/${id}/content`), 'archive-damaged');
      await api.head(`/archives/${id}/content`).expect(500);
    }
    await download(api, intact).expect(200);
    expect(await troubles(api)).toMatchObject([
      { kind: 'archive-damaged', archiveId: missing, filename: 'missing.log' },
      { kind: 'archive-damaged', archiveId: changed, filename: 'changed.log' },
    ]);
    expect(await audited(api, 'archive.damaged')).toMatchObject([
      { subject: { id: missing }, details: { kind: 'missing' }, actor: { kind: 'system' } },
      { subject: { id: changed }, details: { kind: 'changed' }, actor: { kind: 'system' } },
    ]);
    expect(await audited(api, 'storage.strays-found')).toMatchObject([
      { subject: { kind: 'storage' }, details: { count: 1, files: 'notes.txt' } },
    ]);
    expect(service.log.events('archive.damaged')).toMatchObject([
      { archiveId: changed, kind: 'changed', level: 'error' },
      { archiveId: missing, kind: 'missing', level: 'error' },
    ]);
    expect(service.log.events('storage.strays-found')).toMatchObject([
      { count: 1, files: ['notes.txt'] },
    ]);
    expect(service.log.events('scrub.finished')).toMatchObject([
      { archives: 3, bytes: 610_000, findings: 3 },
    ]);
    // A stray file is told of and stays: it may be an archive that an older copy of the database does not know.
    expect(storedFiles(service.place)).toEqual([changed, intact, 'notes.txt'].sort());

    // Not again before a week is over, and what is known is not told twice.
    await scrub(service, inDays(6.9));
    expect(service.log.events('scrub.finished')).toHaveLength(1);
    flipBack();
    await scrub(service, inDays(7.1));
    expect(await states(api)).toMatchObject({ 'changed.log': 'stored', 'missing.log': 'damaged' });
    expect(await audited(api, 'archive.damaged')).toHaveLength(2);
    await download(api, changed).expect(200);
  });

  it('is the same as what the command finds, which finds no more after it', async () => {
    const service = await startedService(fast);
    const { api } = await service.given.admin();
    flipped(service, await stored(service, 'a.log'));
    await scrub(service);
    const { code, stdout } = await command(['verify'], { place: service.place });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(/^changed \S+ "a\.log"\n1 archives, 5000 bytes, 1 findings\n$/),
    });
    expect(await audited(api, 'archive.damaged')).toHaveLength(1);
  });

  it('says of a file that cannot be read just now that it cannot, and does not condemn it', async () => {
    const service = await startedService(fast);
    const { api } = await service.given.admin();
    const id = await stored(service, 'a.log');
    const path = blobPath(service.place, id);
    renameSync(path, `${path}-away`);
    symlinkSync(path, path);
    await scrub(service);
    expect(service.log.events('archive.unreadable')).toMatchObject([{ archiveId: id }]);
    expect(await states(api)).toEqual({ 'a.log': 'stored' });
    expectProblem(await api.get(`/archives/${id}/content`), 'storage-unavailable');
    renameSync(`${path}-away`, path);
    await download(api, id).expect(200);
  });

  it('takes what is uploaded and deleted meanwhile for what it is', async () => {
    const service = await startedService({ SCRUB_RATE_BYTES: String(2 ** 20) });
    const { api } = await service.given.admin();
    const ids: string[] = [];
    for (let at = 0; at < 4; at += 1) ids.push(await stored(service, `${at}.log`));
    const scrubbing = scrub(service);
    for (const id of ids) {
      await api.delete(`/archives/${id}`).expect(204);
      await stored(service, 'new.log');
    }
    await scrubbing;
    expect(await audited(api, 'archive.damaged')).toEqual([]);
    expect(await audited(api, 'storage.strays-found')).toEqual([]);
  });

  it('keeps to its pace, ends with the service, and goes on where it was', async () => {
    const first = await startedService(slow);
    const { account } = await first.given.admin();
    const one = await stored(first, '1-read.log', 10);
    // At this pace reading it would take longer than anybody waits for this test.
    await stored(first, '2-large.log', 3_000_000);
    const three = await stored(first, '3-last.log');
    const flipBack = flipped(first, one);
    flipped(first, three);
    const scrubbing = scrub(first);
    await first.log.event('archive.damaged');
    await first.stop();
    await scrubbing;
    expect(first.log.events('scrub.finished')).toEqual([]);
    expect(first.log.events('scrub.interrupted')).toEqual([]);

    // The first one was looked at in this round, so that it is not seen that its bytes are right again.
    flipBack();
    const second = await startedService(fast, first.place);
    const api = await second.given.signedIn(account);
    await scrub(second);
    expect(await states(api)).toEqual({
      '1-read.log': 'damaged',
      '2-large.log': 'stored',
      '3-last.log': 'damaged',
    });
    expect(second.log.events('scrub.finished')).toMatchObject([{ archives: 3, findings: 2 }]);
  });

  it('is off at 0', async () => {
    const service = await startedService({ SCRUB_RATE_BYTES: '0' });
    const { api } = await service.given.admin();
    rmSync(blobPath(service.place, await stored(service, 'a.log')));
    await scrub(service);
    expect(await states(api)).toEqual({ 'a.log': 'stored' });
  });

  if (!isSqlite)
    it('runs in one replica at a time, and another goes on when that one stops', async () => {
      const first = await startedService(slow);
      const { account, api } = await first.given.admin();
      const second = await startedService(fast, first.place);
      flipped(first, await stored(first, 'a.log', 10));
      const later = await stored(first, 'b.log');
      const scrubbing = scrub(first);
      const half = { 'a.log': 'damaged', 'b.log': 'stored' };
      await eventually(async () => expect(await states(api)).toEqual(half));
      rmSync(blobPath(first.place, later));
      await scrub(second);
      expect(await states(api)).toEqual(half);
      await first.stop();
      await scrubbing;
      await scrub(second);
      const by = await second.given.signedIn(account);
      expect(await states(by)).toEqual({ 'a.log': 'damaged', 'b.log': 'damaged' });
      // In one process all services log to the one that was made last.
      expect(second.log.events('scrub.finished')).toMatchObject([{ archives: 2, findings: 2 }]);
    });
});

describe('a storage that looks empty', () => {
  it('is waited for, said once, and costs no archive its good name', async () => {
    const service = await startedService(fast);
    const { api } = await service.given.admin();
    const id = await stored(service, 'a.log');
    const folder = storeFolder(service.place);
    renameSync(folder, `${folder}-away`);
    mkdirSync(folder);
    for (let minute = 0; minute < 3; minute += 1) await scrub(service);
    expect(service.log.events('scrub.interrupted')).toHaveLength(1);
    expect(await states(api)).toEqual({ 'a.log': 'stored' });
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}-away`, folder);
    await scrub(service);
    expect(service.log.events('scrub.finished')).toMatchObject([{ archives: 1, findings: 0 }]);
    await download(api, id).expect(200);
  });

  it('loses no record even where it claims to be the right one', async () => {
    const service = await startedService(fast);
    const { api } = await service.given.admin();
    const ids = [await stored(service, 'a.log'), await stored(service, 'b.log')];
    const folder = storeFolder(service.place);
    const away = `${folder}-away`;
    mkdirSync(away);
    const parts = readdirSync(folder).filter((name) => /^[0-9a-f]{2}$/.test(name));
    for (const part of parts) renameSync(join(folder, part), join(away, part));

    await scrub(service);
    for (const args of [['sweep'], ['sweep', '--force'], ['verify']])
      await command(args, { place: service.place });
    expect(await states(api)).toEqual({ 'a.log': 'damaged', 'b.log': 'damaged' });

    for (const part of parts) renameSync(join(away, part), join(folder, part));
    const verified = await command(['verify'], { place: service.place });
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('2 archives') });
    for (const id of ids) await download(api, id).expect(200);
  });
});
