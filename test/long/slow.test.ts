import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterFile } from '../support/cleaning.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { spawnedService } from '../support/program.js';
import { startedService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { boundary, upload } from '../support/upload.js';

const enemyAddress = '127.0.0.2';

interface Slow {
  readonly socket: Socket;
  /** Everything that it was told; resolves when the service has ended the connection. */
  readonly ended: Promise<string>;
}

/** Sends this much, and then a byte in ten seconds, for as long as it may. */
const slow = (url: string, head: string): Slow => {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: enemyAddress });
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => (text += part));
  // A reset ends it as well.
  socket.on('error', () => undefined);
  socket.write(head);
  const drip = setInterval(() => socket.write('x'), 10_000);
  const ended = new Promise<string>((resolve) => {
    socket.once('close', () => {
      clearInterval(drip);
      resolve(text);
    });
  });
  afterFile(() => socket.destroy());
  return { socket, ended };
};

const many = (count: number, url: string, head: string): readonly Slow[] =>
  Array.from({ length: count }, () => slow(url, head));

const formType = `Content-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: 9000`;

it('300 slow sockets are ended, and cost nobody else anything', async () => {
  const service = await spawnedService({ UPLOAD_IDLE_TIMEOUT: '4' });
  const { url, given, place, pid } = service;
  const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
  const enemy = await given.uploadToken({ attempts: 1000 });
  const customer = await given.uploadToken({ attempts: 200 });
  // Everything that is opened once is open.
  await upload(url, customer);
  const before = descriptors();

  const auth = `Host: x\r\nUpload-Token: ${enemy.value}`;
  const sockets = {
    silent: many(30, url, ''),
    'in its first line': many(30, url, 'GET /api/v1/ti'),
    'in its headers': many(40, url, 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    'in a JSON body': many(
      40,
      url,
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    ),
    'in a form before its token': many(
      40,
      url,
      `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\n${formType}\r\n\r\n--${boundary}\r\n`,
    ),
    'in a form after its token': many(
      20,
      url,
      `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\n${formType}\r\n\r\n--${boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\n${enemy.value}\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx`,
    ),
    'in a file': many(
      100,
      url,
      `PUT /api/v1/archives/a.log HTTP/1.1\r\n${auth}\r\nContent-Length: 9000\r\n\r\nx`,
    ),
  };
  expect(Object.values(sockets).flat()).toHaveLength(300);
  const all = Object.values(sockets).flatMap((group) => group.map(({ ended }) => ended));
  const over = Promise.all(all).then(() => true);
  // The enemies have all that one address may have, and others go on: by every way in, for as long as it lasts.
  let uploads = 0;
  do {
    const way = (['form', 'put', 'post'] as const)[uploads % 3] ?? 'put';
    expect(await upload(url, customer, { way })).toMatchObject({ status: 201 });
    uploads += 1;
  } while (uploads < 150 && !(await Promise.race([over, Promise.resolve(false)])));
  await over;

  const told = async (kind: keyof typeof sockets, pattern: RegExp): Promise<number> => {
    const texts = await Promise.all(sockets[kind].map(({ ended }) => ended));
    return texts.filter((text) => pattern.test(text)).length;
  };
  const stalled = /^HTTP\/1\.1 408 .*"upload-stalled"/s;
  const busy = /^HTTP\/1\.1 503 .*^retry-after: \d+.*"too-many-uploads"/ims;
  expect(await told('in a form before its token', stalled)).toBe(40);
  const held =
    (await told('in a file', stalled)) + (await told('in a form after its token', stalled));
  const refused = (await told('in a file', busy)) + (await told('in a form after its token', busy));
  expect(held + refused).toBe(120);
  expect(held).toBeGreaterThanOrEqual(56);
  expect(refused).toBeGreaterThan(0);

  await eventually(async () => {
    expect(descriptors()).toBeLessThanOrEqual(before + 2);
    expect(await tokenState(url, enemy)).toMatchObject({ attemptsLeft: 1000 });
    // And the mark of the store.
    expect(storedFiles(place).length - uploads).toBeLessThanOrEqual(2);
  });
  expect(service.log.events('http.failed')).toEqual([]);
});

describe('uploads at once', () => {
  it('of one token are no more than seven of eight; another token has the rest', async () => {
    const service = await startedService({ MAX_UPLOADS: '20', TRUSTED_PROXIES: '127.0.0.1' });
    const { url, given } = service;
    const [greedy, other] = [
      await given.uploadToken({ attempts: 100 }),
      await given.uploadToken({ attempts: 100 }),
    ];
    // From as many addresses as there are uploads.
    const from = (at: number) => ({ headers: { 'X-Forwarded-For': `192.0.2.${at}` } });
    const running = [];
    for (let at = 1; at <= 17; at += 1) running.push(await uploadUnderWay(url, greedy, from(at)));
    for (const way of ['form', 'put', 'post'] as const) {
      const refused = await upload(url, greedy, { way, ...from(99) });
      expectProblem(refused, 'too-many-uploads');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(await tokenState(url, greedy)).toMatchObject({ attemptsLeft: 83, state: 'active' });
    expect(await upload(url, other, from(99))).toMatchObject({ status: 201 });
    // From the address of one of them, with another token: that address has one upload under way.
    expect(await upload(url, other, from(1))).toMatchObject({ status: 201 });
    expect(await running.pop()?.finish()).toMatchObject({ status: 201 });
    expect(await upload(url, greedy, from(99))).toMatchObject({ status: 201 });
    for (const one of running) one.breakOff();
    await eventually(async () =>
      expect(await tokenState(url, greedy)).toMatchObject({ attemptsLeft: 98 }),
    );
  });

  it('of one address are as many; another address has the rest', async () => {
    const service = await startedService({ MAX_UPLOADS: '20', TRUSTED_PROXIES: '127.0.0.1' });
    const { url, given } = service;
    const tokens = await Promise.all(Array.from({ length: 18 }, () => given.uploadToken()));
    const greedy = { headers: { 'X-Forwarded-For': '192.0.2.1' } };
    const running = await Promise.all(
      tokens.slice(1).map((token) => uploadUnderWay(url, token, greedy)),
    );
    const [{ value } = { value: '' }] = tokens;
    expectProblem(await upload(url, value, greedy), 'too-many-uploads');
    const { create, begun, patch } = tus(url, value);
    expectProblem(await create({ length: 4, ...greedy }), 'too-many-uploads');
    // Begun elsewhere, and gone on with from there.
    const elsewhere = { 'X-Forwarded-For': '192.0.2.2' };
    const path = await begun({ length: 4, headers: elsewhere });
    expectProblem(await patch(path, 0, 'logs', greedy.headers), 'too-many-uploads');
    expect(await patch(path, 0, 'logs', elsewhere)).toMatchObject({ status: 204 });
    for (const one of running) one.breakOff();
    await eventually(async () =>
      expect(await upload(url, value, greedy)).toMatchObject({ status: 201 }),
    );
  });
});
