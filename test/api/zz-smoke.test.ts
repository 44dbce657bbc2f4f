import { startedService } from '../support/service.js';
import { upload } from '../support/upload.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import type { TestService } from '../support/service.js';

describe('smoke', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startedService();
  });
  it('404', async () => {
    const a = await service.given.stranger().get('/nothing');
    expectProblem(a, 'not-found');
    expectProblem(await send(`${service.url}/api/v1/nothing`, { method: 'GET' }), 'not-found');
  });
  it('socket', async () => {
    const s = await rawSocket(service.url);
    s.write('GET / HT\r\n\r\n');
    expect(await s.closed()).toMatch(/400/);
  });
  it('admin', async () => {
    const a = await service.given.admin();
    expect((await a.api.get('/auth/session')).body.aal).toBe(2);
  });
  it('engineer', async () => {
    const e = await service.given.engineer();
    expect((await e.api.get('/auth/session')).body.user.role).toBe('engineer');
    const again = await service.given.signedIn(e.account);
    expect((await again.get('/auth/session')).body.aal).toBe(2);
  });
  it('platform', async () => {
    await service.given.platform();
  });
  it('key', async () => {
    const k = await service.given.apiKey(['tickets:read']);
    expect((await k.api.get('/tickets')).status).toBe(200);
  });
  it('token', async () => {
    const t = await service.given.uploadToken({ attempts: 2, lifetime: 60 });
    expect(t.value).toMatch(/^lct_/);
    const u = await service.given.uploadToken({ ticket: t.ticket, attempts: 3 });
    expect(u.value).toMatch(/^lct_/);
  });
  it.each(['form', 'put', 'post'] as const)('upload %s', async (way) => {
    const t = await service.given.uploadToken();
    const a = await upload(service.url, t, {
      way,
      bytes: Buffer.alloc(3_000_000, 7),
      name: 'ж "x".tgz',
    });
    expect(a).toMatchObject({ status: 201 });
    expect(service.log.text).not.toContain(t.value);
  });
  it('archive', async () => {
    expect((await service.given.archive()).id).toBeTruthy();
  });
});
