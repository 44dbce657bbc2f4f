import { admin } from '../support/given.js';
import { send } from '../support/http.js';
import { prefixProxy } from '../support/prefix-proxy.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tus } from '../support/tus.js';
import { upload } from '../support/upload.js';

const get = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  send(url, { method: 'GET', headers });

describe.each(['cut', 'whole'] as const)('below a path that the proxy passes on %s', (how) => {
  let service: TestService;
  let base: string;

  beforeAll(async () => {
    const proxy = await prefixProxy('/team/logs', how);
    service = await startedService({ PUBLIC_URL: `${proxy.url}/` });
    proxy.aim(service.url);
    base = proxy.url;
  });

  it('a customer uploads by every way, and is led to where the archive is', async () => {
    const token = await service.given.uploadToken();
    for (const way of ['form', 'put', 'post'] as const) {
      const answer = await upload(base, token, { way });
      expect(answer.status).toBe(201);
      const { id } = answer.body as { id: string };
      expect(answer.headers.location).toBe(`/team/logs/api/v1/archives/${id}`);
    }
    const { status, headers } = await tus(base, token).create({ length: 4 });
    expect(status).toBe(201);
    const path = String(headers.location);
    expect(path).toMatch(/^\/team\/logs\/api\/v1\/uploads\/[\w-]+$/);
    const head = await send(new URL(path, base).href, {
      method: 'HEAD',
      headers: { 'Upload-Token': token.value, 'Tus-Resumable': '1.0.0' },
    });
    expect(head).toMatchObject({ status: 200, headers: { 'upload-offset': '0' } });
  });

  it('the script and the lines that are handed out lead through the proxy', async () => {
    const { api } = await service.given.admin();
    const platform = await service.given.platform();
    const made = await api
      .post('/tickets')
      .send({ platform, number: `P-${how}` })
      .expect(201);
    const { token } = made.body as { token: { uploadUrl: string; curl: string; script: string } };
    expect(token.uploadUrl).toMatch(`${base}/upload#`);
    expect(token.curl).toContain(`${base}/api/v1/archives`);
    expect(token.script).toContain(`${base}/upload.sh`);
    const script = await get(`${base}/upload.sh`);
    expect(script.text).toContain(`served_from='${base}'`);
  });

  it('the session’s cookie is for this program alone', async () => {
    const answer = await send(`${base}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: new URL(base).origin },
      body: JSON.stringify(admin),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']?.[0]).toContain('Path=/team/logs/;');
  });

  it('the documentation finds itself', async () => {
    const redirected = await get(`${base}/api/docs`);
    expect(redirected.headers.location).toBe('/team/logs/api/docs/');
    const document = await get(`${base}/api/v1/openapi.json`);
    expect(document.body).toMatchObject({ servers: [{ url: '/team/logs/' }] });
  });

  it('the health probes answer, also past the proxy', async () => {
    for (const url of [base, service.url])
      expect((await get(`${url}/health/live`)).status).toBe(200);
    // What only begins like the path is another program's; and another spelling is no address.
    for (const path of [
      '/team/logsmith',
      '/TEAM/logs',
      '/team//logs',
      '/team/logs/',
      '/te%61m/logs',
    ])
      expect((await get(`${service.url}${path}/health/live`)).status).toBe(404);
  });
});
