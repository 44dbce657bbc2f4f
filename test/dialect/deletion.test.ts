import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { RetentionService } from '../../src/deletion/retention.service.js';
import { Tombstone } from '../../src/storage/blobs/tombstone.entity.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket } from '../support/http.js';
import type { Person } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { openStoreFiles, storeFolder, storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
let person: Person;
beforeAll(async () => {
  service = await startedService();
  person = await service.given.admin();
});

interface Count {
  readonly count: number;
  readonly bytes: number;
}
const countOf = async (path: string): Promise<Count> => {
  const { body } = await person.api.get(path).expect(200);
  return (body as { archives: Count }).archives;
};
const storedIds = async (token: { value: string; ticket: string }, sizes: number[]) => {
  const answers = await Promise.all(
    sizes.map((size) => upload(service.url, token, { bytes: noise(size, size) })),
  );
  return answers.map(({ body }) => String(body.id));
};
const tombstones = () => service.app.get(DataSource).manager.count(Tombstone);

describe('deleting an archive', () => {
  it('removes its bytes before it is answered, and every trace of it but the audit', async () => {
    const token = await service.given.uploadToken();
    const [gone = '', kept = ''] = await storedIds(token, [1000, 200]);
    const total = await countOf('/storage');
    expect(await countOf(`/tickets/${token.ticket}`)).toEqual({ count: 2, bytes: 1200 });
    await person.api.delete(`/archives/${gone}`).expect(204);
    expect(storedFiles(service.place)).not.toContain(gone);
    expect(storedFiles(service.place)).toContain(kept);
    for (const path of [`/archives/${gone}`, `/archives/${gone}/content`])
      expectProblem(await person.api.get(path), 'not-found');
    expectProblem(await person.api.delete(`/archives/${gone}`), 'not-found');
    expect(await countOf(`/tickets/${token.ticket}`)).toEqual({ count: 1, bytes: 200 });
    expect(await countOf('/storage')).toEqual({
      count: total.count - 1,
      bytes: total.bytes - 1000,
    });
    expect(await tombstones()).toBe(0);
    const { body } = await person.api.get(`/audit-events?subject=${gone}`).expect(200);
    expect(body).toMatchObject({
      items: [
        { action: 'archive.deleted', details: { ticket: token.ticket, size: 1000 } },
        { action: 'archive.stored' },
      ],
    });
  });

  it('gives no attempt back', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const [id = ''] = await storedIds(token, [10]);
    await person.api.delete(`/archives/${id}`).expect(204);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
  });

  it('is done once, whoever else asks for it at the same time', async () => {
    const token = await service.given.uploadToken();
    const [gone = ''] = await storedIds(token, [100, 30]);
    const total = await countOf('/storage');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => person.api.delete(`/archives/${gone}`)),
    );
    const done = answers.filter(({ status }) => status === 204);
    expect(done).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
    expect(await countOf(`/tickets/${token.ticket}`)).toEqual({ count: 1, bytes: 30 });
    expect(await countOf('/storage')).toEqual({ count: total.count - 1, bytes: total.bytes - 100 });
  });

  it('keeps the counters right when many go at once', async () => {
    const token = await service.given.uploadToken({ attempts: 20 });
    const ids = await storedIds(
      token,
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    const total = await countOf('/storage');
    const half = ids.filter((_, at) => at % 2 === 0);
    await Promise.all(half.map((id) => person.api.delete(`/archives/${id}`).expect(204)));
    // What is left are the sizes 2, 4, … 20.
    expect(await countOf(`/tickets/${token.ticket}`)).toEqual({ count: 10, bytes: 110 });
    expect(await countOf('/storage')).toEqual({
      count: total.count - 10,
      bytes: total.bytes - 100,
    });
  });

  it('may be done by a key with that scope, and by no other', async () => {
    const [id = ''] = await storedIds(await service.given.uploadToken(), [5]);
    const reader = await service.given.apiKey(['archives:read', 'tickets:write']);
    expectProblem(await reader.api.delete(`/archives/${id}`), 'scope-insufficient');
    const cleaner = await service.given.apiKey(['archives:delete']);
    await cleaner.api.delete(`/archives/${id}`).expect(204);
  });

  it('while it is downloaded gives the whole file, or breaks the download off', async () => {
    const size = 20_000_000;
    const { id } = await service.given.archive({ bytes: Buffer.alloc(size, 'x') });
    const { body } = await person.api.post(`/archives/${id}/download-link`).expect(201);
    const socket = await rawSocket(service.url);
    const { pathname } = new URL((body as { url: string }).url);
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await socket.until(/\r\n\r\nx/);
    await person.api.delete(`/archives/${id}`).expect(204);
    expect(storedFiles(service.place)).not.toContain(id);
    const text = await socket.closed();
    const [head = '', content = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect(head).toMatch(new RegExp(`^content-length: ${size}\r?$`, 'im'));
    // On a disk the open file stays whole until it was sent.
    expect(content).toBe('x'.repeat(content.length));
    expect(content).toHaveLength(size);
    await eventually(() => expect(openStoreFiles(service.place)).toEqual([]));
  });
});

describe('deleting a ticket', () => {
  it('takes its tokens and archives with it, and nothing else', async () => {
    const { number, platform, token } = await service.given.ticket();
    const second = await service.given.uploadToken({ ticket: number });
    const ids = [...(await storedIds(token, [10, 20])), ...(await storedIds(second, [30]))];
    const other = await service.given.uploadToken({ platform });
    const [kept = ''] = await storedIds(other, [40]);
    const total = await countOf('/storage');
    await person.api.delete(`/tickets/${number}`).expect(204);
    const files = storedFiles(service.place);
    for (const id of ids) {
      expect(files).not.toContain(id);
      expectProblem(await person.api.get(`/archives/${id}`), 'not-found');
    }
    expect(files).toContain(kept);
    expectProblem(await person.api.get(`/tickets/${number}`), 'not-found');
    expectProblem(await person.api.delete(`/tickets/${number}`), 'not-found');
    for (const gone of [token, second])
      expectProblem(await upload(service.url, gone), 'token-unknown');
    expect(await countOf('/storage')).toEqual({ count: total.count - 3, bytes: total.bytes - 60 });
    expect(await tombstones()).toBe(0);
  });

  it('frees its number', async () => {
    const { number } = await service.given.ticket();
    await person.api.delete(`/tickets/${number}`).expect(204);
    const again = await service.given.ticket({ ticket: number });
    expect(await countOf(`/tickets/${again.number}`)).toEqual({ count: 0, bytes: 0 });
  });
});

describe('deleting a platform', () => {
  it('is refused while it has tickets, and takes them with it when asked to', async () => {
    const platform = await service.given.platform();
    const tokens = [
      await service.given.uploadToken({ platform }),
      await service.given.uploadToken({ platform }),
    ];
    const ids = (await Promise.all(tokens.map((token) => storedIds(token, [7, 8])))).flat();
    const total = await countOf('/storage');
    const path = `/platforms/${platform}`;
    expectProblem(await person.api.delete(path), 'platform-not-empty');
    expectProblem(await person.api.delete(`${path}?cascade=false`), 'platform-not-empty');
    expectProblem(await person.api.delete(`${path}?cascade=maybe`), 'validation-failed');
    for (const id of ids) expect(storedFiles(service.place)).toContain(id);
    await person.api.delete(`${path}?cascade=true`).expect(204);
    for (const id of ids) expect(storedFiles(service.place)).not.toContain(id);
    expectProblem(await person.api.get(path), 'not-found');
    for (const { ticket } of tokens)
      expectProblem(await person.api.get(`/tickets/${ticket}`), 'not-found');
    expect(await countOf('/storage')).toEqual({ count: total.count - 4, bytes: total.bytes - 30 });
    await person.api.delete(path).expect(404);
  });
});

describe('while the storage is away', () => {
  it('a deletion says so, is not forgotten, and ends when the storage is back', async () => {
    const own = await startedService();
    const { api } = await own.given.admin();
    const { id } = await own.given.archive();
    const folder = storeFolder(own.place);
    renameSync(folder, `${folder}-away`);
    mkdirSync(folder);
    expectProblem(await api.delete(`/archives/${id}`), 'storage-unavailable');
    expectProblem(await api.get(`/archives/${id}`), 'not-found');
    rmdirSync(folder);
    renameSync(`${folder}-away`, folder);
    expect(storedFiles(own.place)).toEqual([id]);
    // What the minute's tick and every start do.
    expect(await own.app.get(SweepService).finish()).toEqual({ uploads: 0, deletions: 1 });
    expect(storedFiles(own.place)).toEqual([]);
  });

  it('a deletion is finished by the next start', async () => {
    const own = await startedService();
    const { api } = await own.given.admin();
    const { id } = await own.given.archive();
    const folder = storeFolder(own.place);
    renameSync(folder, `${folder}-away`);
    expectProblem(await api.delete(`/archives/${id}`), 'storage-unavailable');
    await own.stop();
    renameSync(`${folder}-away`, folder);
    const again = await startedService({}, own.place);
    expect(storedFiles(again.place)).toEqual([]);
  });
});

describe('what is older than its platform keeps it', () => {
  const day = 24 * 60 * 60 * 1000;
  const afterDays = (days: number) => new Date(Date.now() + days * day);

  it('goes by itself, with its bytes, and is recorded; the rest stays', async () => {
    const short = await service.given.platform({ retentionDays: 30 });
    const long = await service.given.platform({ retentionDays: 90 });
    const expiring = await service.given.uploadToken({ platform: short });
    const [gone = ''] = await storedIds(expiring, [500]);
    const [later = ''] = await storedIds(await service.given.uploadToken({ platform: long }), [6]);
    const [ever = ''] = await storedIds(await service.given.uploadToken(), [7]);
    const deletion = service.app.get(RetentionService);
    expect(await deletion.expire(afterDays(29))).toBe(0);
    expect(await deletion.expire(afterDays(31))).toBe(1);
    const files = storedFiles(service.place);
    expect(files).not.toContain(gone);
    expect(files).toEqual(expect.arrayContaining([later, ever]));
    expectProblem(await person.api.get(`/archives/${gone}`), 'not-found');
    expect(await countOf(`/tickets/${expiring.ticket}`)).toEqual({ count: 0, bytes: 0 });
    const { body } = await person.api.get(`/audit-events?action=archive.expired&subject=${gone}`);
    expect(body).toMatchObject({ items: [{ actor: { kind: 'system' }, details: { size: 500 } }] });
    expect(await deletion.expire(afterDays(31))).toBe(0);
  });
});
