import { DataSource } from 'typeorm';
import { DownloadLink } from '../../src/archives/downloads/download-link.entity.js';
import { noise, sha256Of } from '../support/bytes.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

const bytes = noise(300_000);
let service: TestService;
let id: string;
beforeAll(async () => {
  service = await startedService();
  id = String((await service.given.archive({ name: 'отчёт.tgz', bytes })).id);
});

const linkTo = async (of = id): Promise<{ url: string; expiresAt: string }> => {
  const { api } = await service.given.admin();
  const made = await api.post(`/archives/${of}/download-link`).expect(201);
  return made.body as { url: string; expiresAt: string };
};
const get = (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(url, { method: 'GET', headers });
const downloads = async (of: string): Promise<unknown[]> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/audit-events?action=archive.downloaded&subject=${of}`);
  return (body as { items: unknown[] }).items;
};

describe('a download link', () => {
  it('gives a workstation without a session the whole archive, once', async () => {
    const { url } = await linkTo();
    const before = (await downloads(id)).length;
    const answer = await get(url);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-length': String(bytes.length),
        etag: `"${sha256Of(bytes)}"`,
        'x-content-type-options': 'nosniff',
        'content-disposition': expect.stringContaining("filename*=UTF-8''") as string,
      },
    });
    expectProblem(await get(url), 'not-found');
    expect((await downloads(id)).length).toBe(before + 1);
  });

  it('lives five minutes and begins with the address that the engineer uses', async () => {
    const begun = Date.now();
    const { url, expiresAt } = await linkTo();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/downloads\/lcd_[A-Za-z0-9_-]{32,}$/);
    expect(url.startsWith(service.url)).toBe(true);
    const minutes = (Date.parse(expiresAt) - begun) / 60_000;
    expect(Math.round(minutes)).toBe(5);
  });

  it('works for exactly one of twenty that use it at once', async () => {
    const { url } = await linkTo();
    const before = (await downloads(id)).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(url)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
    expect((await downloads(id)).length).toBe(before + 1);
  });

  it('is not used up by looking: by HEAD, by a range that is not there, by what is known', async () => {
    const { url } = await linkTo();
    expect(await send(url, { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': String(bytes.length) },
    });
    expect(await get(url, { Range: 'bytes=300000-' })).toMatchObject({ status: 416 });
    expect(await get(url, { 'If-None-Match': '*' })).toMatchObject({ status: 304 });
    expect(await get(url)).toMatchObject({ status: 200 });
    expect(await send(url, { method: 'HEAD' })).toMatchObject({ status: 404 });
  });

  it('is over when it has expired', async () => {
    const { url } = await linkTo();
    // Five minutes later, as the database sees it.
    await service.app
      .get(DataSource)
      .createQueryBuilder()
      .update(DownloadLink)
      .set({ expiresAt: new Date(Date.now() - 1) })
      .execute();
    expectProblem(await get(url), 'not-found');
    expect(await send(url, { method: 'HEAD' })).toMatchObject({ status: 404 });
  });

  it('is over when the archive was deleted', async () => {
    const { id: gone } = await service.given.archive();
    const { url } = await linkTo(String(gone));
    const { api } = await service.given.admin();
    await api.delete(`/archives/${gone}`).expect(204);
    expectProblem(await get(url), 'not-found');
    expectProblem(await api.post(`/archives/${gone}/download-link`), 'not-found');
  });

  it.each([
    ['disabled', true],
    ['deleted', false],
  ])('is over when who made it was %s', async (_, disabled) => {
    const maker = await service.given.engineer();
    const { body } = await maker.api.post(`/archives/${id}/download-link`).expect(201);
    const { url } = body as { url: string };
    const { api } = await service.given.admin();
    if (disabled) await api.patch(`/users/${maker.id}`).send({ disabled: true }).expect(200);
    else await api.delete(`/users/${maker.id}`).expect(204);
    expectProblem(await get(url), 'not-found');
  });

  it('downloads in the name of who made it', async () => {
    const maker = await service.given.engineer();
    const { id: own } = await service.given.archive();
    const { body } = await maker.api.post(`/archives/${own}/download-link`).expect(201);
    await get((body as { url: string }).url);
    expect(await downloads(String(own))).toMatchObject([
      { actor: { kind: 'person', id: maker.id }, details: { link: true } },
    ]);
  });

  it('cannot be guessed, and is nowhere written down', async () => {
    const { url } = await linkTo();
    const secret = url.split('/').at(-1) ?? '';
    for (const wrong of ['x', `lcd_${'A'.repeat(32)}`, `lct_${secret.slice(4)}`, `${secret}A`])
      expectProblem(await get(url.replace(secret, wrong)), 'not-found');
    expect(await get(url)).toMatchObject({ status: 200 });
    expect(service.log.text).not.toContain(secret);
    const { api } = await service.given.admin();
    const { text } = await api.get('/audit-events?limit=200');
    expect(text).not.toContain(secret);
  });
});
