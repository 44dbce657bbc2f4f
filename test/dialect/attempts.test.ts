import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { spawnedService } from '../support/program.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { archiveOf, tus } from '../support/tus.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

interface Attempt {
  readonly id: string;
  readonly outcome: string;
  readonly archiveId: string | null;
}

interface OfTicket {
  readonly id: string;
  readonly ticket: string;
}

const pathOf = (token: OfTicket): string => `/tickets/${token.ticket}/tokens/${token.id}/attempts`;

const pageOf = async (token: OfTicket, query = '') => {
  const { api } = await service.given.admin();
  const { body } = await api.get(pathOf(token) + query).expect(200);
  return body as { readonly items: readonly Attempt[]; readonly nextCursor: string | null };
};

const attemptsBy = async (token: OfTicket): Promise<readonly Attempt[]> =>
  (await pageOf(token)).items;

describe('an engineer whose customer says that it does not work', () => {
  it('reads what came by the token, newest first, with its outcome and why', async () => {
    const platform = await service.given.platform({ maxUploadBytes: 1000 });
    const token = await service.given.uploadToken({ platform, attempts: 5 });
    expect(await attemptsBy(token)).toEqual([]);
    const { body } = await upload(service.url, token, { name: 'Журнал.tgz', bytes: noise(900) });
    await upload(service.url, token, { way: 'put', name: 'large.tgz', bytes: noise(1001) });
    await upload(service.url, token, { way: 'post', name: 'empty.tgz', bytes: '' });
    const claimed = { 'Content-Digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` };
    await upload(service.url, token, { way: 'put', name: 'other.tgz', headers: claimed });
    const items = await attemptsBy(token);
    expect(items).toMatchObject([
      { way: 'put', filename: 'other.tgz', outcome: 'failed', reason: 'digest-mismatch', bytes: 9 },
      { way: 'post', filename: 'empty.tgz', outcome: 'failed', reason: 'file-empty', bytes: 0 },
      { way: 'put', filename: 'large.tgz', reason: 'upload-too-large', declaredBytes: 1001 },
      { way: 'form', filename: 'Журнал.tgz', outcome: 'stored', reason: null, bytes: 900 },
    ]);
    const { id } = body as { id: string };
    expect(items.at(-1)).toMatchObject({ id, archiveId: id, tokenId: token.id });
    for (const item of items)
      expect(item).toMatchObject({
        address: '127.0.0.1',
        beganAt: expect.stringMatching(/Z$/) as string,
        endedAt: expect.stringMatching(/Z$/) as string,
      });
    // Deleting the archive keeps what happened.
    await (await service.given.admin()).api.delete(`/archives/${id}`).expect(204);
    expect((await attemptsBy(token)).at(-1)).toMatchObject({ id, archiveId: null });
  });

  it('sees one that is under way before all others, and how it broke off', async () => {
    const token = await service.given.uploadToken({ attempts: 5 });
    await upload(service.url, token);
    const cut = await uploadUnderWay(
      service.url,
      token,
      { way: 'form', name: 'cut.tgz' },
      noise(100_000),
    );
    await eventually(async () =>
      expect(await attemptsBy(token)).toMatchObject([
        {
          outcome: 'under-way',
          filename: 'cut.tgz',
          bytes: 100_000,
          endedAt: null,
          archiveId: null,
        },
        { outcome: 'stored' },
      ]),
    );
    cut.breakOff();
    await eventually(async () =>
      expect(await attemptsBy(token)).toMatchObject([
        { outcome: 'failed', filename: 'cut.tgz', bytes: 100_000, archiveId: null },
        { outcome: 'stored' },
      ]),
    );
  });

  it('sees a resumable one as one, however many requests it took', async () => {
    const token = await service.given.uploadToken({ attempts: 5 });
    const { begun, patch, remove } = tus(service.url, token);
    const path = await begun({ length: 300, name: 'resumed.tgz' });
    await patch(path, 0, noise(100));
    expect(await attemptsBy(token)).toMatchObject([
      { outcome: 'under-way', way: 'tus', filename: 'resumed.tgz', bytes: 100, declaredBytes: 300 },
    ]);
    archiveOf(await patch(path, 100, noise(200)));
    const ended = await begun({ length: 300, name: 'ended.tgz' });
    await patch(ended, 0, noise(50));
    expect(await remove(ended)).toMatchObject({ status: 204 });
    expect(await attemptsBy(token)).toMatchObject([
      { outcome: 'failed', reason: 'ended', filename: 'ended.tgz', bytes: 50 },
      { outcome: 'stored', way: 'tus', filename: 'resumed.tgz', bytes: 300 },
    ]);
  });

  it('is told of one that the death of the service cut short', async () => {
    const dying = await spawnedService();
    const token = await dying.given.uploadToken({ attempts: 5 });
    const key = await dying.given.apiKey(['tickets:read']);
    const cut = await uploadUnderWay(dying.url, token);
    dying.kill('SIGKILL');
    await dying.ended;
    await expect(cut.answer).rejects.toThrow();
    const next = await startedService({}, dying.place);
    const { body } = await next.given
      .stranger()
      .get(pathOf(token))
      .set('Authorization', `Bearer ${key.value}`)
      .expect(200);
    expect(body).toMatchObject({
      items: [{ outcome: 'failed', reason: 'interrupted', way: 'put', bytes: null }],
    });
  });

  it('reads them by pages, and those of this token alone', async () => {
    const token = await service.given.uploadToken({ attempts: 5 });
    for (let count = 0; count < 3; count += 1) await upload(service.url, token);
    const first = await pageOf(token, '?limit=2');
    expect(first.items).toHaveLength(2);
    const second = await pageOf(token, `?limit=2&cursor=${first.nextCursor ?? ''}`);
    expect(second).toMatchObject({ items: [{ outcome: 'stored' }], nextCursor: null });
    const others = await service.given.uploadToken();
    const { api } = await service.given.admin();
    expectProblem(await api.get(pathOf({ ...others, ticket: token.ticket })), 'not-found');
  });

  it('finds them gone with the ticket', async () => {
    const token = await service.given.uploadToken();
    await upload(service.url, token);
    const { api } = await service.given.admin();
    await api.delete(`/tickets/${token.ticket}`).expect(204);
    expectProblem(await api.get(pathOf(token)), 'not-found');
  });
});
