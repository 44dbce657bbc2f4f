import { DataSource } from 'typeorm';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { noise, seeded } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import type { Person } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { openStoreFiles, storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
let person: Person;
beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '1000' });
  person = await service.given.admin();
});

const ways = ['form', 'put', 'post'] as const;

const archiveIds = async (ticket: string): Promise<string[]> => {
  const { body } = await person.api.get(`/archives?ticket=${ticket}&limit=200`).expect(200);
  return (body as { items: { id: string }[] }).items.map(({ id }) => id);
};

describe('fifty uploads at once', () => {
  it.each([1, 7])('on a token with %i attempts store exactly so many', async (attempts) => {
    const token = await service.given.uploadToken({ attempts });
    const files = storedFiles(service.place).length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        upload(service.url, token, {
          way: ways[at % 3] ?? 'put',
          bytes: noise(5000, at),
          ...(at % 3 === 0 ? { fields: { token: token.value } } : {}),
        }),
      ),
    );
    const stored = answers.filter(({ status }) => status === 201);
    expect(stored).toHaveLength(attempts);
    for (const answer of answers)
      if (!stored.includes(answer)) expectProblem(answer, 'token-exhausted');
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
    expect((await archiveIds(token.ticket)).sort()).toEqual(
      stored.map(({ body }) => String(body.id)).sort(),
    );
    expect(storedFiles(service.place)).toHaveLength(files + attempts);
  });

  it('of which many break off or are refused keep the accounts of the token', async () => {
    const granted = 30;
    const token = await service.given.uploadToken({ attempts: granted });
    const random = seeded(7);
    const sent = await Promise.allSettled(
      Array.from({ length: 50 }, async (_, at) => {
        const way = ways[at % 3] ?? 'put';
        if (random(3) === 0) return upload(service.url, token, { way, bytes: Buffer.of() });
        const headers = random(4) === 0 ? { 'Content-Digest': `sha-256=:${'A'.repeat(43)}=:` } : {};
        return upload(service.url, token, { way, bytes: noise(20_000, at), headers });
      }),
    );
    const stored = sent.filter(
      (one) => one.status === 'fulfilled' && one.value.status === 201,
    ).length;
    await eventually(async () =>
      expect(await tokenState(service.url, token)).toMatchObject({
        attemptsLeft: granted - stored,
      }),
    );
    expect(await archiveIds(token.ticket)).toHaveLength(stored);
  });
});

describe('while an upload runs', () => {
  const changes: [
    string,
    (token: { id: string; ticket: string }) => Promise<unknown>,
    ErrorCode,
  ][] = [
    [
      'its token is revoked',
      ({ ticket, id }) => person.api.delete(`/tickets/${ticket}/tokens/${id}`).expect(204),
      'token-revoked',
    ],
    [
      'its ticket is resolved',
      ({ ticket }) => person.api.patch(`/tickets/${ticket}`).send({ resolved: true }).expect(200),
      'ticket-resolved',
    ],
    [
      'its ticket is deleted',
      ({ ticket }) => person.api.delete(`/tickets/${ticket}`).expect(204),
      'token-unknown',
    ],
  ];
  const nothing = { files: [] as string[], open: [] as string[], rows: 0 };

  describe.each(changes)('%s', (_, change, code) => {
    it.each(ways)('and one by %s is refused at its end and leaves nothing', async (way) => {
      const token = await service.given.uploadToken({ attempts: 2 });
      const before = storedFiles(service.place);
      const running = await uploadUnderWay(service.url, token, { way });
      await change(token);
      await running.write(noise(200_000));
      expectProblem(await running.finish(), code);
      const rows = await service.app.get(DataSource).manager.countBy(Upload, { tokenId: token.id });
      const files = storedFiles(service.place).filter((name) => !before.includes(name));
      expect({ files, open: openStoreFiles(service.place), rows }).toEqual(nothing);
    });
  });

  it('its platform is deleted with all that is in it, and the upload is refused', async () => {
    const platform = await service.given.platform();
    const token = await service.given.uploadToken({ platform });
    const running = await uploadUnderWay(service.url, token);
    await person.api.delete(`/platforms/${platform}?cascade=true`).expect(204);
    expectProblem(await running.finish('more'), 'token-unknown');
    expect(openStoreFiles(service.place)).toEqual([]);
  });

  it('its ticket is resolved and reopened, and the upload is stored', async () => {
    const token = await service.given.uploadToken();
    const running = await uploadUnderWay(service.url, token);
    for (const resolved of [true, false])
      await person.api.patch(`/tickets/${token.ticket}`).send({ resolved }).expect(200);
    expect(await running.finish()).toMatchObject({ status: 201, body: { attemptsLeft: 4 } });
  });

  it('its token is extended, and both the attempts and the upload count', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const running = await uploadUnderWay(service.url, token);
    const path = `/tickets/${token.ticket}/tokens/${token.id}`;
    await person.api.patch(path).send({ attempts: 3 }).expect(200);
    expect(await running.finish()).toMatchObject({ status: 201, body: { attemptsLeft: 3 } });
  });

  it('another one of the same ticket is stored, and both are there', async () => {
    const token = await service.given.uploadToken();
    const running = await uploadUnderWay(service.url, token);
    const quick = await upload(service.url, token);
    const slow = await running.finish();
    expect((await archiveIds(token.ticket)).sort()).toEqual(
      [quick, slow].map(({ body }) => String(body.id)).sort(),
    );
  });
});

describe('uploads and deletions at once', () => {
  it('leave exactly what was stored and not deleted, and the right counts', async () => {
    const platform = await service.given.platform();
    const tokens = await Promise.all(
      Array.from({ length: 3 }, () => service.given.uploadToken({ platform, attempts: 20 })),
    );
    const kept = new Map<string, number>();
    await Promise.all(
      Array.from({ length: 45 }, async (_, at) => {
        const token = tokens[at % 3] ?? '';
        const way = ways[at % 2] ?? 'put';
        const { status, body } = await upload(service.url, token, { way, bytes: noise(at + 1) });
        expect(status).toBe(201);
        if (at % 3 === 0) await person.api.delete(`/archives/${body.id}`).expect(204);
        else kept.set(String(body.id), at + 1);
      }),
    );
    const listed = (await Promise.all(tokens.map(({ ticket }) => archiveIds(ticket)))).flat();
    expect(listed.sort()).toEqual([...kept.keys()].sort());
    for (const id of kept.keys()) expect(storedFiles(service.place)).toContain(id);
    const counted = await Promise.all(
      tokens.map(async ({ ticket }) => {
        const { body } = await person.api.get(`/tickets/${ticket}`).expect(200);
        return (body as { archives: { count: number; bytes: number } }).archives;
      }),
    );
    const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
    expect(sum(counted.map(({ count }) => count))).toBe(kept.size);
    expect(sum(counted.map(({ bytes }) => bytes))).toBe(sum([...kept.values()]));
  });

  it('of whole tickets end with the ticket gone and nothing of it left', async () => {
    for (let round = 0; round < 5; round += 1) {
      const token = await service.given.uploadToken({ attempts: 30 });
      const before = storedFiles(service.place);
      const uploads = Array.from({ length: 12 }, (_, at) =>
        upload(service.url, token, { way: ways[at % 3] ?? 'put', bytes: noise(30_000) }),
      );
      const first = await Promise.race(uploads);
      expect(first.status).toBe(201);
      await person.api.delete(`/tickets/${token.ticket}`).expect(204);
      for (const answer of await Promise.all(uploads))
        if (answer.status !== 201) expectProblem(answer, 'token-unknown');
      expect(storedFiles(service.place)).toEqual(before);
      expect(await archiveIds(token.ticket)).toEqual([]);
      expect(await service.app.get(DataSource).manager.countBy(Upload, {})).toBe(0);
    }
  });
});
