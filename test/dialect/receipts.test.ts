import { DataSource } from 'typeorm';
import { Archive } from '../../src/archives/archive.entity.js';
import { newId } from '../../src/secrets/secrets.js';
import { noise, sha256Of } from '../support/bytes.js';
import { send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import type { Uploading } from '../support/upload.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

interface Delivered {
  readonly id: string;
  readonly filename: string;
  readonly uploadedAt: string;
}

/** What the holder of the token reads of their deliveries. */
const deliveredBy = async (token: { readonly value: string }): Promise<readonly Delivered[]> => {
  const { archives } = (await tokenState(service.url, token)) as { archives: Delivered[] };
  return archives;
};

const delivering = async (
  token: { readonly value: string },
  uploading: Uploading,
): Promise<Answer['body']> => {
  const answer = await upload(service.url, token, uploading);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

describe('the holder of a token', () => {
  it('reads what it delivered, whatever way it came, newest first, as the 201 said it', async () => {
    const token = await service.given.uploadToken({ attempts: 3 });
    expect(await deliveredBy(token)).toEqual([]);
    const bytes = noise(70_000);
    const receipts: Answer['body'][] = [];
    for (const [way, name] of [
      ['form', 'Журнал «1».tgz'],
      ['put', 'two.log'],
      ['post', 'two.log'],
    ] as const)
      receipts.unshift(await delivering(token, { way, name, bytes }));
    expect(receipts[2]).toMatchObject({ size: 70_000, sha256: sha256Of(bytes) });
    expect(await deliveredBy(token)).toEqual(
      receipts.map(({ id, filename, size, sha256, uploadedAt }) => ({
        id,
        filename,
        size,
        sha256,
        uploadedAt,
      })),
    );
  });

  it('reads nothing of other tokens, also where they are of the same ticket', async () => {
    const { number, token } = await service.given.ticket();
    const second = await service.given.uploadToken({ ticket: number });
    const stranger = await service.given.uploadToken();
    await delivering(token, { name: 'first.log' });
    await delivering(second, { name: 'second.log' });
    await delivering(stranger, { name: 'stranger.log' });
    const names = async (of: { value: string }) =>
      (await deliveredBy(of)).map(({ filename }) => filename);
    expect(await names(token)).toEqual(['first.log']);
    expect(await names(second)).toEqual(['second.log']);
    expect(await names(stranger)).toEqual(['stranger.log']);
  });

  it('reads an archive that is stored: none that is still coming or was refused, and a repeated one once', async () => {
    const token = await service.given.uploadToken();
    const coming = await uploadUnderWay(service.url, token, { name: 'coming.log' });
    await upload(service.url, token, { name: 'empty.log', bytes: Buffer.of() });
    expect(await deliveredBy(token)).toEqual([]);
    await coming.finish();
    const keyed = { name: 'once.log', headers: { 'Idempotency-Key': 'once' } };
    await delivering(token, keyed);
    await delivering(token, keyed);
    const names = (await deliveredBy(token)).map(({ filename }) => filename);
    expect(names).toEqual(['once.log', 'coming.log']);
  });

  it('reads no archive that was deleted', async () => {
    const token = await service.given.uploadToken();
    const kept = await delivering(token, { name: 'kept.log' });
    const gone = await delivering(token, { name: 'gone.log' });
    const { api } = await service.given.admin();
    await api.delete(`/archives/${gone.id}`).expect(204);
    expect(await deliveredBy(token)).toMatchObject([{ id: kept.id }]);
  });

  it('reads it also when it may deliver no more', async () => {
    const { api } = await service.given.admin();
    const spent = await service.given.uploadToken({ attempts: 1 });
    await delivering(spent, { name: 'last.log' });
    const path = `/tickets/${spent.ticket}`;
    const sees = async (state: string) =>
      expect(await tokenState(service.url, spent)).toMatchObject({
        state,
        archives: [{ filename: 'last.log' }],
      });
    await sees('exhausted');
    await api.patch(path).send({ resolved: true }).expect(200);
    await sees('resolved');
    await api.delete(`${path}/tokens/${spent.id}`).expect(204);
    await sees('revoked');
  });

  it('may ask without a body too', async () => {
    const token = await service.given.uploadToken();
    await delivering(token, {});
    const headers = { 'Upload-Token': token.value };
    const url = `${service.url}/api/v1/upload-token`;
    const head = await send(url, { method: 'HEAD', headers });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100);
  });

  it('reads the newest thousand where a token was extended again and again', async () => {
    const token = await service.given.uploadToken();
    const { id } = await delivering(token, { name: 'newest.log' });
    const { manager } = service.app.get(DataSource);
    const newest = await manager.findOneByOrFail(Archive, { id: String(id) });
    const before = (days: number) => ({
      ...newest,
      id: newId(),
      filename: `${days} days before.log`,
      uploadedAt: new Date(newest.uploadedAt.getTime() - days * 86_400_000),
    });
    // Inserted out of order, and their keys say the opposite of their times.
    const older = Array.from({ length: 1005 }, (_, days) => before(days + 1));
    for (let at = 0; at < older.length; at += 50)
      await manager.insert(Archive, older.slice(at, at + 50));
    const names = (await deliveredBy(token)).map(({ filename }) => filename);
    expect(names).toHaveLength(1000);
    expect(names.slice(0, 3)).toEqual(['newest.log', '1 days before.log', '2 days before.log']);
    expect(names.at(-1)).toBe('999 days before.log');
  });
});
