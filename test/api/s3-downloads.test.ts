import { noise, sha256Of } from '../support/bytes.js';
import { bytesOf, download } from '../support/download.js';
import { expectProblem, send } from '../support/http.js';
import { startedS3 } from '../support/s3-server.js';
import type { S3Server } from '../support/s3-server.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const bytes = noise(300_000);
let s3: S3Server;
let service: TestService;
let id: string;
beforeAll(async () => {
  s3 = await startedS3();
  service = await startedService({ STORAGE_URL: s3.storageUrl() });
  id = String((await service.given.archive({ name: 'отчёт.tgz', bytes })).id);
});

const downloads = async (): Promise<{ details: unknown }[]> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/audit-events?action=archive.downloaded&subject=${id}`);
  return (body as { items: { details: unknown }[] }).items;
};
const linkTo = async (): Promise<string> => {
  const { api } = await service.given.admin();
  const { body } = await api.post(`/archives/${id}/download-link`).expect(201);
  return (body as { url: string }).url;
};

describe('a download from S3', () => {
  it('is sent to the store, for a minute, and saved under the name that it came with', async () => {
    const { api } = await service.given.engineer();
    const before = (await downloads()).length;
    const answer = await api.get(`/archives/${id}/content`).redirects(0).expect(302);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(answer.headers).not.toHaveProperty('etag');
    expect(answer.text).toBe('');
    const address = new URL(String(answer.headers['location']));
    expect(address.origin).toBe(s3.url);
    expect(Number(address.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(60);
    const got = await fetch(address);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    expect(got.headers.get('content-type')).toBe('application/octet-stream');
    expect(got.headers.get('content-disposition')).toMatch(
      /^attachment; filename="\?+\.tgz"; filename\*=UTF-8''%D0%BE/,
    );
    expect((await downloads()).length).toBe(before + 1);
  });

  it('gives a part of it to a client that follows with its range, and says so in the audit', async () => {
    const { api } = await service.given.admin();
    const headers = { Range: 'bytes=100-299' };
    const part = await download(api, id, headers).redirects(1).expect(206);
    expect((part.body as Buffer).equals(bytes.subarray(100, 300))).toBe(true);
    expect((await downloads())[0]).toMatchObject({ details: { range: '100-299' } });
  });

  it('is answered here where no byte is needed, and is then no download', async () => {
    const { api } = await service.given.admin();
    const before = (await downloads()).length;
    const etag = `"${sha256Of(bytes)}"`;
    const head = await api.head(`/archives/${id}/content`).redirects(0).expect(200);
    expect(head.headers).toMatchObject({ etag, 'content-length': String(bytes.length) });
    const path = `/archives/${id}/content`;
    await api.get(path).set('If-None-Match', etag).redirects(0).expect(304);
    const beyond = await api.get(path).set('Range', 'bytes=300000-').redirects(0);
    expectProblem(beyond, 'range-not-satisfiable');
    expect((await downloads()).length).toBe(before);
  });

  it('under a condition comes from where its tag is known', async () => {
    const { api } = await service.given.admin();
    const path = `/archives/${id}/content`;
    const ours = `"${sha256Of(bytes)}"`;
    // The store would take the SHA-256 for another archive's tag.
    const whole = await bytesOf(api.get(path).set('If-Match', ours)).redirects(0).expect(200);
    expect((whole.body as Buffer).equals(bytes)).toBe(true);
    // A browser that was sent to the store goes on with the store's tag, which it tells us first.
    for (const other of ['"d41d8cd98f00b204e9800998ecf8427e-3"', '"other"'])
      await api.get(path).set('If-Match', other).redirects(0).expect(302);
    await api.head(path).set('If-Match', '"other"').redirects(0).expect(412);
  });

  it('by a link goes there once', async () => {
    const url = await linkTo();
    expect(await send(url, { method: 'HEAD' })).toMatchObject({ status: 200 });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send(url, { method: 'GET' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([302, ...Array(7).fill(404)]);
    expectProblem(await send(url, { method: 'GET' }), 'not-found');
  });

  it('is for those alone who may have it', async () => {
    const stranger = await service.given.stranger().get(`/archives/${id}/content`).redirects(0);
    expectProblem(stranger, 'credentials-missing');
    const { api } = await service.given.apiKey(['archives:read']);
    expectProblem(await api.get(`/archives/${id}/content`).redirects(0), 'session-required');
  });

  it('of one that is missing there is said here, and uses no link up', async () => {
    const url = await linkTo();
    const before = (await downloads()).length;
    const name = `logs/${id.slice(-4, -2)}/${id.slice(-2)}/${id}`;
    s3.truncate(name, 100);
    expectProblem(await send(url, { method: 'GET' }), 'archive-damaged');
    s3.removeObject(name);
    expectProblem(await send(url, { method: 'GET' }), 'archive-damaged');
    expect((await downloads()).length).toBe(before);
  });
});

it('with S3_DOWNLOADS=proxy the bytes come from here, and the store is not shown', async () => {
  const proxy = await startedService({
    STORAGE_URL: s3.storageUrl('other'),
    S3_DOWNLOADS: 'proxy',
  });
  const { id: of } = await proxy.given.archive({ bytes });
  const { api } = await proxy.given.admin();
  const whole = await bytesOf(api.get(`/archives/${of}/content`))
    .redirects(0)
    .expect(200);
  expect((whole.body as Buffer).equals(bytes)).toBe(true);
  expect(whole.headers).toMatchObject({ etag: `"${sha256Of(bytes)}"`, 'accept-ranges': 'bytes' });
});
