import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, noise } from '../support/bytes.js';
import { isSqlite } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { describeUnless } from '../support/left-out.js';
import { startedService } from '../support/service.js';
import { noMounts, smallVolume } from '../support/small-volume.js';
import { storedFiles } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const MiB = 1024 * 1024;

/** Without root there is no volume to fill; CI has it. */
const withVolume = describeUnless(noMounts);

withVolume('a volume without a free byte', () => {
  it('refuses uploads whatever way they come, and costs no attempt', async () => {
    const volume = await smallVolume(48 * MiB);
    const service = await startedService({}, volume);
    const token = await service.given.uploadToken({ attempts: 3 });
    volume.fill();
    for (const way of ['form', 'put', 'post'] as const)
      expectProblem(
        await upload(service.url, token, { way, bytes: noise(100_000) }),
        'storage-full',
      );
    expectProblem(await tus(service.url, token).create({ length: 100_000 }), 'storage-full');
    expect(storedFiles(volume)).toEqual([]);
    expect(await tokenState(service.url, token)).toMatchObject({
      attemptsLeft: 3,
      state: 'active',
    });
    const ready = () => send(`${service.url}/health/ready`, { method: 'GET' });
    expect(await ready()).toMatchObject({
      status: 503,
      body: { checks: { freeSpace: 'down', database: 'up' } },
    });
    volume.empty();
    await eventually(async () => expect(await ready()).toMatchObject({ status: 200 }));
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
  });

  it('lets people sign in, download, and make room by deleting', async () => {
    const volume = await smallVolume(64 * MiB);
    const service = await startedService({}, volume);
    const { account } = await service.given.admin();
    const token = await service.given.uploadToken({ attempts: 3 });
    const [kept, gone] = [noise(4 * MiB), noise(20 * MiB)];
    const first = (await service.given.archive({ bytes: kept }, token)) as { id: string };
    const second = (await service.given.archive({ bytes: gone }, token)) as { id: string };
    volume.fill();

    const api = await service.given.signedIn(account);
    await download(api, first.id).expect(200);
    await api.delete(`/archives/${second.id}`).expect(204);

    expect(storedFiles(volume)).toEqual([first.id]);
    expect(await upload(service.url, token, { bytes: noise(10 * MiB) })).toMatchObject({
      status: 201,
    });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
    await download(api, first.id).expect(200);
  });

  it('lets a whole ticket go, many times over', async () => {
    const volume = await smallVolume(96 * MiB);
    const service = await startedService({}, volume);
    const { api } = await service.given.admin();
    const tickets: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const token = await service.given.uploadToken({ attempts: 20 });
      tickets.push(token.ticket);
      for (let files = 0; files < 8; files += 1)
        await service.given.archive({ bytes: noise(100_000) }, token);
    }
    for (const number of tickets) {
      volume.fill();
      await api.delete(`/tickets/${number}`).expect(204);
    }
    expect(storedFiles(volume)).toEqual([]);
  });

  it('ends an upload under way with 507 and keeps nothing of it', async () => {
    const volume = await smallVolume(48 * MiB);
    const service = await startedService({}, volume);
    const token = await service.given.uploadToken({ attempts: 1 });
    const running = await uploadUnderWay(service.url, token, { way: 'put' });
    volume.fill();
    const answer = await running.finish(noise(8 * MiB));
    expectProblem(answer, 'storage-full');
    await eventually(async () => {
      expect(storedFiles(volume)).toEqual([]);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
    });
  });

  it('keeps what came of a resumable upload, which goes on when there is room', async () => {
    const volume = await smallVolume(64 * MiB);
    const service = await startedService({}, volume);
    const token = await service.given.uploadToken({ attempts: 1 });
    const { begun, offset, patch } = tus(service.url, token);
    // More than the database's reserve, which is given up for it.
    const bytes = noise(24 * MiB);
    const path = await begun({ length: bytes.length });
    await patch(path, 0, bytes.subarray(0, MiB));
    volume.fill();
    expectProblem(await patch(path, MiB, bytes.subarray(MiB)), 'storage-full');
    volume.empty();
    const from = await offset(path);
    expect(from).toBeGreaterThanOrEqual(MiB);
    const done = await patch(path, from, bytes.subarray(from));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
  });

  if (isSqlite)
    it('gave the database its reserve, which is there again when there is room', async () => {
      const volume = await smallVolume(48 * MiB);
      const reserve = join(volume.dataDir, 'logs-collector.sqlite.reserve');
      const service = await startedService({}, volume);
      expect(existsSync(reserve)).toBe(true);
      const { api } = await service.given.admin();
      const token = await service.given.uploadToken();
      volume.fill();
      await api.patch(`/tickets/${token.ticket}`).send({ note: 'full' }).expect(200);
      expect(existsSync(reserve)).toBe(false);
      expect(service.log.events('database.reserve-given-up')).toHaveLength(1);
      // It is for deleting: an upload that took it would leave nothing to delete with.
      expectProblem(await upload(service.url, token), 'storage-full');
      // Some of what it gave up is free still; the customer is told of no room that is not for him.
      expect(await tokenState(service.url, token)).toMatchObject({ freeBytes: 0 });
      const { body } = await send(`${service.url}/health/ready`, { method: 'GET' });
      expect(body).toMatchObject({ checks: { database: 'up', storage: 'up', freeSpace: 'down' } });
      volume.empty();
      expect(await upload(service.url, token)).toMatchObject({ status: 201 });
      expect(existsSync(reserve)).toBe(true);
    });
});

withVolume('two uploads that only fit one after the other', () => {
  it('end in one 201, and one 507 before its body', async () => {
    const volume = await smallVolume(34 * MiB);
    const service = await startedService({}, volume);
    const token = await service.given.uploadToken({ attempts: 5 });
    const bytes = noise(18 * MiB);
    const running = await uploadUnderWay(
      service.url,
      token,
      { way: 'put', headers: { 'Content-Length': bytes.length } },
      bytes.subarray(0, 1000),
    );
    // Of the body not a byte is sent, nor asked for.
    const refused = await rawSocket(service.url);
    refused.write(
      `PUT /api/v1/archives/second.tgz HTTP/1.1\r\nHost: x\r\nUpload-Token: ${token.value}\r\n` +
        `Content-Length: ${bytes.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    const answer = await refused.until(/"code":"storage-full"/);
    expect(answer).toMatch(/^HTTP\/1\.1 507 /);
    expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/i);
    expect(await running.finish(bytes.subarray(1000))).toMatchObject({ status: 201 });
    expect(storedFiles(volume)).toHaveLength(1);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 });
  });
});
