import { connect } from 'node:net';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { program, spawnedService } from '../support/program.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { archiveOf, patchUnderWay, tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const ready = (url: string) => send(`${url}/health/ready`, { method: 'GET' });
const draining = (service: Pick<TestService, 'url'>) =>
  eventually(async () => {
    expect(await ready(service.url)).toMatchObject({
      status: 503,
      body: { status: 'error', checks: { accepting: 'down', storage: 'up', database: 'up' } },
    });
  });

describe('a service that is told to stop', () => {
  it('finishes the uploads under way, takes no new ones and says so', async () => {
    const service = await startedService({ SHUTDOWN_GRACE: '30' });
    const token = await service.given.uploadToken({ attempts: 3 });
    const running = await uploadUnderWay(service.url, token);
    const stopped = service.stop();
    await draining(service);
    for (const way of ['form', 'put', 'post'] as const) {
      const answer = await upload(service.url, token, { way });
      expectProblem(answer, 'shutting-down');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    const fields = { token: token.value };
    expectProblem(await upload(service.url, null, { fields }), 'shutting-down');
    // What is no upload is still answered, and the process lives.
    expect(await send(`${service.url}/health/live`, { method: 'GET' })).toMatchObject({
      status: 200,
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });

    const bytes = noise(300_000);
    await running.write(bytes);
    const answer = await running.finish();
    const whole = Buffer.concat([Buffer.from('the first bytes'), bytes]);
    expect(answer).toMatchObject({ status: 201, body: { sha256: sha256Of(whole) } });
    await stopped;
    await expect(ready(service.url)).rejects.toThrow('ECONNREFUSED');
    expect(storedFiles(service.place)).toEqual([answer.body.id]);
    expect(service.log.events('service.stopped')).toHaveLength(1);
  });

  it('ends an upload that takes longer than the grace, and gives its attempt back', async () => {
    const service = await startedService({ SHUTDOWN_GRACE: '1' });
    const { account } = await service.given.admin();
    const tokens = [await service.given.uploadToken(), await service.given.uploadToken()] as const;
    const one = await uploadUnderWay(service.url, tokens[0], { way: 'put' });
    const two = await uploadUnderWay(service.url, tokens[1], { way: 'form' });
    await service.stop();
    for (const { answer } of [one, two]) expectProblem(await answer, 'shutting-down');
    expect(storedFiles(service.place)).toEqual([]);

    const again = await startedService({}, service.place);
    for (const token of tokens) {
      expect(await tokenState(again.url, token)).toMatchObject({ attemptsLeft: 5 });
      expect(await upload(again.url, token)).toMatchObject({ status: 201 });
    }
    const api = await again.given.signedIn(account);
    const { body } = await api.get('/archives').expect(200);
    expect((body as { items: unknown[] }).items).toHaveLength(2);
  });

  it('stops once, however often it is told to', async () => {
    const service = await startedService();
    await Promise.all([service.stop(), service.stop(), service.stop()]);
    expect(service.log.events('service.stopped')).toHaveLength(1);
  });
});

describe('the program', () => {
  it('ends with 0 on SIGTERM though clients keep their connections open', async () => {
    const service = await spawnedService({ SHUTDOWN_GRACE: '30' });
    const idle = await rawSocket(service.url);
    idle.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.until(/"ok"/);
    service.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    await idle.closed();
    expect(service.log.events('service.stopped')).toHaveLength(1);
  });

  it('ends with 0 within its grace though clients connect and ask for nothing', async () => {
    // Far beyond the test's own deadline: whoever waited for these clients would fail.
    const service = await spawnedService({ SHUTDOWN_GRACE: '300' });
    const { port } = new URL(service.url);
    const silent = connect(Number(port), '127.0.0.1');
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    const half = await rawSocket(service.url);
    half.write('GET /health/live HTTP/1.1\r\nHo');
    service.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    silent.destroy();
  });

  it('finishes an upload that was under way at SIGTERM', async () => {
    const service = await spawnedService({ SHUTDOWN_GRACE: '30' });
    const token = await service.given.uploadToken();
    const running = await uploadUnderWay(service.url, token);
    service.kill('SIGTERM');
    await draining(service);
    expect(await running.finish()).toMatchObject({ status: 201 });
    expect(await service.ended).toMatchObject({ code: 0, signal: null });
  });

  it('ends with 0 after its grace whatever is under way; what is resumable goes on after the start', async () => {
    const service = await spawnedService({ SHUTDOWN_GRACE: '1' });
    const { account } = await service.given.admin();
    const token = await service.given.uploadToken({ attempts: 4 });
    const bytes = noise(300_000);
    const { id } = await service.given.archive({}, token);
    const idle = await rawSocket(service.url);
    idle.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.until(/"ok"/);
    const owner = { token, ...tus(service.url, token) };
    const path = await owner.begun({ length: bytes.length });
    const half = await patchUnderWay(service.place, owner, path, 0, bytes.subarray(0, 100_000));
    const running = [
      await uploadUnderWay(service.url, token, { way: 'form' }),
      await uploadUnderWay(service.url, token, { way: 'put' }),
    ];
    service.kill('SIGTERM');
    await draining(service);
    expectProblem(await owner.create({ length: 10 }), 'shutting-down');
    for (const { answer } of [half, ...running]) expectProblem(await answer, 'shutting-down');
    expect(await service.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    await idle.closed();

    const again = await startedService({}, service.place);
    const customer = tus(again.url, token);
    expect(await customer.offset(path)).toBe(100_000);
    const done = await customer.patch(path, 100_000, bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    expect(storedFiles(again.place)).toEqual([String(id), archiveOf(done)].sort());
    expect(await tokenState(again.url, token)).toMatchObject({ attemptsLeft: 2 });
    const api = await again.given.signedIn(account);
    const { body } = await api.get('/archives').expect(200);
    expect((body as { items: unknown[] }).items).toHaveLength(2);
  });

  it('ends at once at the second signal, and the next start gives the attempt back', async () => {
    const service = await spawnedService({ SHUTDOWN_GRACE: '300' });
    const token = await service.given.uploadToken({ attempts: 1 });
    await uploadUnderWay(service.url, token);
    service.kill('SIGINT');
    await draining(service);
    service.kill('SIGINT');
    expect(await service.ended).toMatchObject({ code: 1 });
    const again = await startedService({}, service.place);
    expect(await tokenState(again.url, token)).toMatchObject({ attemptsLeft: 1 });
    expect(storedFiles(again.place)).toEqual([]);
  });

  it.each([
    ['PORT', '99999'],
    ['MAX_UPLOAD_BYTES', '10GB'],
    ['DATABASE_URL', 'mysql://x'],
    ['SHUTDOWN_GRACE', '-1'],
    ['TRUSTED_PROXIES', 'everybody'],
  ])('does not start where %s makes no sense, and says so in one line', async (name, value) => {
    const { code, stdout, stderr } = await (await program(['serve'], { [name]: value })).ended;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`^[^\\n]*${name}[^\\n]*\\n$`));
  });
});
