import { noise } from '../support/bytes.js';
import { caddy, describeWithCaddy, documentedCaddy } from '../support/caddy.js';
import { doctorSays, named } from '../support/doctor.js';
import { send } from '../support/http.js';
import { describeWithNginx, nginx } from '../support/nginx.js';
import { freePort } from '../support/postgres-server.js';
import { documentedNginx } from '../support/nginx-blocks.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tus } from '../support/tus.js';
import { upload } from '../support/upload.js';
import { cookieOf, watching } from '../support/watching.js';

/** What customers and engineers do, through a proxy at this address. */
const everyWay = async (service: TestService, url: string): Promise<void> => {
  const { given } = service;
  const token = await given.uploadToken();
  const bytes = noise(3 * 1024 * 1024);
  const put = await upload(url, token, { way: 'put', bytes });
  expect(put).toMatchObject({ status: 201, body: { size: bytes.length } });
  const form = await upload(url, token, { way: 'form', bytes });
  expect(form).toMatchObject({ status: 201, body: { sha256: put.body.sha256 } });

  const resumable = tus(url, token);
  const path = await resumable.begun({ length: bytes.length });
  const first = await resumable.patch(path, 0, bytes.subarray(0, 2_000_000));
  expect(first).toMatchObject({ status: 204, headers: { 'upload-offset': '2000000' } });
  expect(await resumable.offset(path)).toBe(2_000_000);
  const last = await resumable.patch(path, 2_000_000, bytes.subarray(2_000_000));
  expect(last).toMatchObject({ status: 204, headers: { 'archive-id': expect.any(String) } });

  const { api } = await given.admin();
  const cookie = cookieOf(api);
  const part = await send(`${url}/api/v1/archives/${String(last.headers['archive-id'])}/content`, {
    method: 'GET',
    headers: { Cookie: cookie, Range: 'bytes=1000000-1000009' },
  });
  expect(part.status).toBe(206);
  expect(part.headers).toMatchObject({
    'content-range': `bytes 1000000-1000009/${bytes.length}`,
    'content-length': '10',
    etag: `"${put.body.sha256}"`,
  });

  const watch = await watching(url, api);
  const { ticket } = await given.uploadToken();
  await watch.until(({ data }) => JSON.stringify(data).includes(ticket));
  watch.leave();
};

describeWithNginx('the block for nginx in docs/operations.md', () => {
  it('serves uploads by every way, downloads in parts and events', async () => {
    const proxy = await nginx();
    const service = await startedService({ PUBLIC_URL: proxy.url, TRUSTED_PROXIES: '127.0.0.1' });
    await proxy.serve(documentedNginx(service.url));
    await everyWay(service, proxy.url);
  });
});

describeWithCaddy('the block for Caddy in docs/operations.md', () => {
  it('serves uploads by every way, downloads in parts and events, and the doctor agrees', async () => {
    const port = await freePort();
    const env = { PUBLIC_URL: `http://localhost:${port}`, TRUSTED_PROXIES: '127.0.0.1,::1' };
    const service = await startedService(env);
    await caddy(port, documentedCaddy(env.PUBLIC_URL, service.url));
    await everyWay(service, env.PUBLIC_URL);
    expect(named(await doctorSays(service, env, 2), 'fail')).toEqual([]);
  });
});
