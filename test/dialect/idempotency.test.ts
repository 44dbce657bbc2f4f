import { PassThrough, Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import { newId } from '../../src/secrets/secrets.js';
import { begunNow } from '../../src/uploads/records/new-upload.js';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import { UploadsService } from '../../src/uploads/records/uploads.service.js';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

const keyed = (key: string) => ({ headers: { 'Idempotency-Key': key } });
const ways = ['form', 'put', 'post'] as const;
const bytes = noise(70_000);

/** How many archives a ticket has. */
const count = async (ticket: string): Promise<number> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/archives?ticket=${ticket}`).expect(200);
  return (body as { items: unknown[] }).items.length;
};

describe('a repeated upload with the same key', () => {
  it.each(ways)('by %s gives the same archive and costs one attempt', async (way) => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const files = storedFiles(service.place).length;
    const first = await upload(service.url, token, { way, bytes, ...keyed('one') });
    expect(first.status).toBe(201);
    for (let times = 0; times < 3; times += 1) {
      const again = await upload(service.url, token, { way, bytes, ...keyed('one') });
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers.location).toBe(first.headers.location);
    }
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
    expect(await count(token.ticket)).toBe(1);
    expect(storedFiles(service.place)).toHaveLength(files + 1);
  });

  it('may come another way in, and under another name', async () => {
    const token = await service.given.uploadToken({ attempts: 3 });
    const first = await upload(service.url, token, { way: 'form', bytes, ...keyed('k') });
    const put = { way: 'put', name: 'other.log', bytes: Readable.from([bytes]) } as const;
    const again = await upload(service.url, token, { ...put, ...keyed('k') });
    expect(again).toMatchObject({ status: 201, body: first.body });
  });

  it.each(ways)('by %s, ten at once, stores one', async (way) => {
    const token = await service.given.uploadToken({ attempts: 10 });
    const files = storedFiles(service.place).length;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => upload(service.url, token, { way, bytes, ...keyed('ten') })),
    );
    const stored = answers.filter(({ status }) => status === 201);
    expect(new Set(stored.map(({ body }) => String(body.id))).size).toBe(1);
    for (const answer of answers)
      if (answer.status !== 201) expectProblem(answer, 'request-in-progress');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 9 });
    expect(await count(token.ticket)).toBe(1);
    expect(storedFiles(service.place)).toHaveLength(files + 1);
  });

  it.each(ways)('by %s is refused at once while the first one is under way', async (way) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const slow = { way, ...keyed('slow') };
    const first = await uploadUnderWay(service.url, token, slow, 'a');
    const refused = await upload(service.url, token, { ...slow, bytes: 'abb' });
    expectProblem(refused, 'request-in-progress');
    expect(refused.headers['retry-after']).toBe('5');
    const stored = await first.finish('bb');
    expect(stored).toMatchObject({ status: 201, body: { size: 3 } });
    const again = await upload(service.url, token, { ...slow, bytes: 'abb' });
    expect(again).toMatchObject({ status: 201, body: stored.body });
    const other = await upload(service.url, token, { ...slow, bytes: 'abc' });
    expectProblem(other, 'idempotency-key-reused');
  });

  it('takes no slot, attempt or room from others while the first one is under way', async () => {
    const small = await startedService({ MAX_UPLOADS: '2' });
    const [token, other] = [await small.given.uploadToken(), await small.given.uploadToken()];
    const first = await uploadUnderWay(small.url, token, keyed('slow'));
    // None of the bodies ends: each is answered by its headers alone.
    const repeat = () => {
      const body = new PassThrough();
      body.write('the first bytes');
      return upload(small.url, token, { way: 'put', bytes: body, ...keyed('slow') });
    };
    const answers = await Promise.all(Array.from({ length: 5 }, repeat));
    for (const answer of answers) expectProblem(answer, 'request-in-progress');
    expect(await tokenState(small.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(await upload(small.url, other, { bytes })).toMatchObject({ status: 201 });
    expect(await first.finish()).toMatchObject({ status: 201 });
  });

  it('has one slot on a token that is used up, and leaves the others to other customers', async () => {
    const small = await startedService({ MAX_UPLOADS: '3' });
    const token = await small.given.uploadToken({ attempts: 1 });
    const once = { way: 'put', ...keyed('once') } as const;
    const first = await upload(small.url, token, { ...once, bytes: 'abc' });
    const bodies = Array.from({ length: 3 }, () => new PassThrough());
    const answers = bodies.map((body) => {
      body.write('a');
      return upload(small.url, token, { ...once, bytes: body });
    });
    const answered = new Set<Answer>();
    for (const answer of answers) void answer.then((got) => answered.add(got));
    await eventually(() => expect(answered.size).toBe(2));
    for (const answer of answered) {
      expectProblem(answer, 'too-many-uploads');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    const other = await small.given.uploadToken();
    expect(await upload(small.url, other, { bytes })).toMatchObject({ status: 201 });
    for (const body of bodies) body.end('bc');
    await eventually(() =>
      expect([...answered]).toContainEqual(
        expect.objectContaining({ status: 201, body: first.body }),
      ),
    );
  });

  it('is a first one where the first stored nothing', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const refused = await upload(service.url, token, { bytes: Buffer.of(), ...keyed('retry') });
    expectProblem(refused, 'file-empty');
    const broken = await uploadUnderWay(service.url, token, keyed('retry'));
    broken.breakOff();
    const stored = await eventually(async () => {
      const answer = await upload(service.url, token, { bytes, ...keyed('retry') });
      expect(answer).toMatchObject({ status: 201, body: { size: bytes.length } });
      return answer;
    });
    const again = await upload(service.url, token, { bytes, ...keyed('retry') });
    expect(again.body).toEqual(stored.body);
  });

  it.each([
    ['whose process died', 0],
    ['that its own process left behind', null],
  ])('is a first one at once after an upload %s', async (_whose, instance) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const uploads = service.app.get(UploadsService);
    const left = { ...begunNow(newId(), 'put', null), idempotencyKey: 'left', filename: null };
    expect(await uploads.reserve(await uploads.tokenOf(token.id), left)).toBe(true);
    uploads.ended(left.id);
    if (instance !== null)
      await service.app.get(DataSource).manager.update(Upload, { id: left.id }, { instance });
    const answer = await upload(service.url, token, { bytes, ...keyed('left') });
    expect(answer).toMatchObject({ status: 201, body: { attemptsLeft: 0 } });
  });

  it('is answered also where the token is used up, has expired or its ticket is resolved', async () => {
    const token = await service.given.uploadToken({ attempts: 1, lifetime: 2 });
    const first = await upload(service.url, token, { bytes, ...keyed('late') });
    expect(first).toMatchObject({ status: 201, body: { attemptsLeft: 0 } });
    const again = () => upload(service.url, token, { bytes, ...keyed('late') });
    expect(await again()).toMatchObject({ status: 201, body: first.body });
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
    );
    expect(await again()).toMatchObject({ status: 201, body: first.body });
    const { api } = await service.given.admin();
    await api.patch(`/tickets/${token.ticket}`).send({ resolved: true }).expect(200);
    expect(await again()).toMatchObject({ status: 201, body: first.body });
    expectProblem(await upload(service.url, token, keyed('new')), 'ticket-resolved');
  });

  it('is refused where the token was revoked', async () => {
    const token = await service.given.uploadToken();
    await upload(service.url, token, { bytes, ...keyed('revoked') });
    const { api } = await service.given.admin();
    await api.delete(`/tickets/${token.ticket}/tokens/${token.id}`).expect(204);
    const again = await upload(service.url, token, { bytes, ...keyed('revoked') });
    expectProblem(again, 'token-revoked');
  });

  it('is a new one where the archive was deleted', async () => {
    const token = await service.given.uploadToken();
    const first = await upload(service.url, token, { bytes, ...keyed('gone') });
    const { api } = await service.given.admin();
    await api.delete(`/archives/${first.body.id}`).expect(204);
    const again = await upload(service.url, token, { bytes, ...keyed('gone') });
    expect(again).toMatchObject({ status: 201, body: { attemptsLeft: 3 } });
    expect(again.body.id).not.toBe(first.body.id);
  });
});

describe('a key', () => {
  it.each(ways)('used by %s for another file is refused, and that file not stored', async (way) => {
    const token = await service.given.uploadToken({ attempts: 5 });
    await upload(service.url, token, { way, bytes, ...keyed('same') });
    const files = storedFiles(service.place);
    for (const other of [noise(70_000, 2), noise(70_001), noise(10), noise(500_000)]) {
      const answer = await upload(service.url, token, { way, bytes: other, ...keyed('same') });
      expectProblem(answer, 'idempotency-key-reused');
    }
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
    expect(storedFiles(service.place)).toEqual(files);
  });

  it('belongs to its token', async () => {
    const [one, two] = [await service.given.uploadToken(), await service.given.uploadToken()];
    const first = await upload(service.url, one, { bytes, ...keyed('shared') });
    const second = await upload(service.url, two, { bytes: 'else', ...keyed('shared') });
    expect(second).toMatchObject({ status: 201, body: { ticket: two.ticket } });
    expect(second.body.id).not.toBe(first.body.id);
  });

  it.each(['ключ', 'x'.repeat(129), 'tab\there'])('cannot be %j', async (key) => {
    const token = await service.given.uploadToken();
    // Node refuses to send other than Latin-1; a client may send UTF-8 bytes all the same.
    const sent = Buffer.from(key).toString('latin1');
    const answer = await upload(service.url, token, { way: 'put', ...keyed(sent) });
    expectProblem(answer, 'validation-failed');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
  });

  it('may be of any 128 printable characters', async () => {
    const token = await service.given.uploadToken();
    const key = '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~'.padEnd(128, 'x');
    const first = await upload(service.url, token, { bytes, ...keyed(key) });
    expect(await upload(service.url, token, { bytes, ...keyed(key) })).toMatchObject({
      status: 201,
      body: first.body,
    });
  });
});
