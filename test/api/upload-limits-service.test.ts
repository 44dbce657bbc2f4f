import { request } from 'node:http';
import { Readable } from 'node:stream';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import { openStoreFiles, storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { boundary, upload } from '../support/upload.js';

describe('as many uploads as MAX_UPLOADS allows', () => {
  it('leave the next one to try again, and let it in when one has ended', async () => {
    const service = await startedService({ MAX_UPLOADS: '3' });
    const token = () => service.given.uploadToken({ attempts: 2 });
    const [first, second, third, last] = [
      await token(),
      await token(),
      await token(),
      await token(),
    ];
    const one = await uploadUnderWay(service.url, first);
    const two = await uploadUnderWay(service.url, second, { way: 'form' });
    const three = await uploadUnderWay(service.url, third, { way: 'post' });
    for (const way of ['form', 'put', 'post'] as const) {
      const answer = await upload(service.url, last, { way });
      expectProblem(answer, 'too-many-uploads');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    const fields = { token: last.value };
    expectProblem(await upload(service.url, null, { fields }), 'too-many-uploads');
    expect(await tokenState(service.url, last)).toMatchObject({ attemptsLeft: 2 });

    expect(await one.finish()).toMatchObject({ status: 201 });
    expect(await upload(service.url, last)).toMatchObject({ status: 201 });
    two.breakOff();
    const again = () => upload(service.url, last);
    await eventually(async () => expect(await again()).toMatchObject({ status: 201 }));
    expect(await three.finish()).toMatchObject({ status: 201 });
  });

  it('are counted right after refusals of every kind', async () => {
    const service = await startedService({ MAX_UPLOADS: '1', MAX_UPLOAD_BYTES: '1000' });
    const token = await service.given.uploadToken({ attempts: 5 });
    for (const way of ['form', 'put', 'post'] as const) {
      await upload(service.url, token, { way, bytes: noise(2000) });
      await upload(service.url, token, { way, bytes: Readable.from([noise(2000)]) });
      await upload(service.url, token, { way, bytes: Buffer.of() });
      await upload(service.url, null, { way, fields: { token: 'wrong' } });
      expect(await upload(service.url, token, { way })).toMatchObject({ status: 201 });
    }
  });
});

describe('a storage with less room than MIN_FREE_BYTES', () => {
  it('takes no upload, and says so before its body comes', async () => {
    const service = await startedService({ MIN_FREE_BYTES: String(2 ** 52) });
    const token = await service.given.uploadToken();
    expect(await tokenState(service.url, token)).toMatchObject({ freeBytes: 0, state: 'active' });
    for (const way of ['form', 'put', 'post'] as const) {
      const answer = await upload(service.url, token, { way, bytes: Readable.from(['x']) });
      expectProblem(answer, 'storage-full');
    }
    const socket = await rawSocket(service.url);
    socket.write(
      `PUT /api/v1/archives/a HTTP/1.1\r\nHost: x\r\nUpload-Token: ${token.value}\r\nContent-Length: 5\r\n\r\n`,
    );
    expect(await socket.closed()).toMatch(/^HTTP\/1\.1 507 .*"code":"storage-full"/s);
    expect(await tokenState(service.url, token)).toMatchObject({
      attemptsLeft: 5,
      state: 'active',
    });
    expect(storedFiles(service.place)).toEqual([]);
    const ready = await send(`${service.url}/health/ready`, { method: 'GET' });
    expect(ready).toMatchObject({
      status: 503,
      body: { checks: { freeSpace: 'down', storage: 'up' } },
    });
  });

  it('counts in what was declared and is still to come', async () => {
    const service = await startedService();
    const token = await service.given.uploadToken();
    const { freeBytes } = await tokenState(service.url, token);
    const declared = Math.floor(freeBytes * 0.7);
    const tight = await startedService({ MAX_UPLOAD_BYTES: String(2 ** 50) });
    const [one, two] = [await tight.given.uploadToken(), await tight.given.uploadToken()];
    const head = (value: string) =>
      `PUT /api/v1/archives/a HTTP/1.1\r\nHost: x\r\nUpload-Token: ${value}\r\nContent-Length: ${declared}\r\n\r\n`;
    const first = await rawSocket(tight.url);
    first.write(`${head(one.value)}some bytes`);
    await eventually(async () =>
      expect(await tokenState(tight.url, one)).toMatchObject({ attemptsLeft: 4 }),
    );
    const second = await rawSocket(tight.url);
    second.write(head(two.value));
    expect(await second.closed()).toMatch(/^HTTP\/1\.1 507 .*"code":"storage-full"/s);
    first.reset();
    await eventually(async () => {
      const { freeBytes: again } = await tokenState(tight.url, two);
      expect(again).toBeGreaterThan(declared);
    });
  });
});

describe('an upload that sends nothing for UPLOAD_IDLE_TIMEOUT', () => {
  const form = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbytes`;
  it('is ended and costs nothing, however much of it came', async () => {
    const service = await startedService({ UPLOAD_IDLE_TIMEOUT: '1' });
    const token = await service.given.uploadToken();
    const auth = `Host: x\r\nUpload-Token: ${token.value}\r\n`;
    const stalled = [
      `PUT /api/v1/archives/a HTTP/1.1\r\n${auth}Content-Length: 1000\r\n\r\n`,
      `PUT /api/v1/archives/a HTTP/1.1\r\n${auth}Content-Length: 1000\r\n\r\nbytes`,
      `PUT /api/v1/archives/a HTTP/1.1\r\n${auth}Transfer-Encoding: chunked\r\n\r\n5\r\nby`,
      `POST /api/v1/archives HTTP/1.1\r\n${auth}Content-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: 1000\r\n\r\n${form}`,
      `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: 1000\r\n\r\n--${boundary}`,
    ];
    await Promise.all(
      stalled.map(async (head) => {
        const socket = await rawSocket(service.url);
        socket.write(head);
        expect(await socket.closed()).toMatch(/^HTTP\/1\.1 408 .*"code":"upload-stalled"/s);
      }),
    );
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 5 });
    expect(storedFiles(service.place)).toEqual([]);
    expect(openStoreFiles(service.place)).toEqual([]);
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });
});

describe('an address that tries wrong tokens', () => {
  /** From another address of this machine, or with headers that claim one. */
  const tried = (url: string, value: string, headers = {}, localAddress = '127.0.0.1') =>
    new Promise<number>((resolve, reject) => {
      const req = request(`${url}/api/v1/upload-token`, {
        agent: false,
        localAddress,
        headers: { 'Upload-Token': value, ...headers },
      });
      req.once('error', reject).once('response', (res) => resolve(res.resume().statusCode ?? 0));
      req.end();
    });

  it('is not heard for a while, whatever address it claims; a right one and others are', async () => {
    const service = await startedService({ API_RATE: '150' });
    const { value } = await service.given.uploadToken();
    const wrong = (at: number) => `lct_${String(at).padStart(32, 'W')}`;
    for (let at = 0; at < 15; at += 1)
      expect(await tried(service.url, wrong(at), { 'X-Forwarded-For': `192.0.2.${at}` })).toBe(401);
    for (const name of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded'])
      expect(await tried(service.url, wrong(99), { [name]: '198.51.100.7' })).toBe(429);
    const fields = { token: wrong(99) };
    const refused = await upload(service.url, null, { fields });
    expectProblem(refused, 'rate-limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await tried(service.url, wrong(99), {}, '127.0.0.2')).toBe(401);
    expect(await upload(service.url, value)).toMatchObject({ status: 201 });
    expect(await upload(service.url, null, { fields: { token: value } })).toMatchObject({
      status: 201,
    });
  });

  it('is counted for the field of a form as well', async () => {
    const service = await startedService({ API_RATE: '100' });
    for (let at = 0; at < 10; at += 1) {
      const fields = { token: `lct_${String(at).padStart(32, 'F')}` };
      expectProblem(await upload(service.url, null, { fields }), 'token-unknown');
    }
    const fields = { token: `lct_${'F'.repeat(32)}` };
    expectProblem(await upload(service.url, null, { fields }), 'rate-limited');
    expect(await tried(service.url, fields.token)).toBe(429);
  });

  it('may forget its token as often as it likes', async () => {
    const service = await startedService({ API_RATE: '200' });
    const token = await service.given.uploadToken();
    for (let at = 0; at < 40; at += 1)
      expectProblem(await upload(service.url, null, { way: 'put' }), 'credentials-missing');
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });
});
