import { readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { AdmissionService } from '../../src/uploads/intake/admission.service.js';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import { ResumableService } from '../../src/uploads/resumable/resumable.service.js';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { Instance } from '../../src/database/instance.js';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { isSqlite } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { blobPath, partialSize, storedFiles } from '../support/store-files.js';
import { archiveOf, checksumOf, idOf, patchUnderWay, tus } from '../support/tus.js';
import type { Headers } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const size = 300_000;
const bytes = noise(size);
const env = { UPLOAD_IDLE_TIMEOUT: '20' };
let service: TestService;
beforeAll(async () => {
  service = await startedService(env);
});

const rowOf = (path: string): Promise<Upload | null> =>
  service.app.get(DataSource).manager.findOneBy(Upload, { id: idOf(path) });

it('an upload goes on at any replica, request by request', async () => {
  const replicas = await replicasOf(service, 2, env);
  const token = await service.given.uploadToken({ attempts: 1 });
  const at = (round: number) => tus((replicas[round % replicas.length] ?? service).url, token);
  const path = await at(0).begun({ length: size });
  for (let round = 0; round < 9; round += 1) {
    const [from, to] = [30_000 * round, 30_000 * (round + 1)];
    // Now and then two in a row at the same one, which then remembers what is no longer all.
    const { head, patch, offset } = at(round >> (round % 3));
    expect(await offset(path)).toBe(from);
    const wrong = { 'Upload-Checksum': checksumOf('other') };
    expectProblem(await patch(path, from, bytes.subarray(from, to), wrong), 'checksum-mismatch');
    expect(await patch(path, from, bytes.subarray(from, to))).toMatchObject({ status: 204 });
    expect(await head(path)).toMatchObject({ status: 200 });
  }
  const done = await at(1).patch(path, 270_000, bytes.subarray(270_000));
  expect(done.headers['repr-digest']).toBe(digestOf(bytes));
});

it('a new upload of a token without attempts and the first bytes of an old one never both come', async () => {
  const replicas = await replicasOf(service, 2, env);
  for (let round = 0; round < 20; round += 1) {
    const token = await service.given.uploadToken({ attempts: 1 });
    const at = (which: number) => tus((replicas[which % replicas.length] ?? service).url, token);
    const [here, there] = [at(round >> 1), at((round >> 1) + 1)];
    const path = await here.begun({ length: size });
    const long = new Date(Date.now() - 60_000);
    await service.app
      .get(DataSource)
      .manager.update(Upload, { id: idOf(path) }, { activeAt: long });
    // Each has a start of some turns on the other, in turn.
    const later = async <Result>(turns: number, send: () => Promise<Result>): Promise<Result> => {
      for (; turns > 0; turns -= 1) await new Promise(setImmediate);
      return send();
    };
    const [patched, created] = await Promise.all([
      later(round % 2 ? round : 0, () => here.patch(path, 0, bytes.subarray(0, 1000))),
      later(round % 2 ? 0 : round, () => there.create({ length: 10 })),
    ]);
    expect([patched.status, created.status].filter((status) => status < 300)).toHaveLength(1);
    if (patched.status < 300) expect(await here.offset(path)).toBe(1000);
    else expect(await here.head(path)).toMatchObject({ status: 404 });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
  }
});

// Where one process serves, nobody is taken for dead while it lives.
if (!isSqlite)
  describe('a process that is taken for dead while it takes bytes, and is alive', () => {
    /** A hangs in a request that brought the bytes from 1000 to 100,000. */
    const taken = async (headers: Headers = {}) => {
      const lost = await startedService(env, service.place);
      const token = await service.given.uploadToken({ attempts: 2 });
      const [there, here] = [tus(lost.url, token), tus(service.url, token)];
      const path = await there.begun({ length: size });
      expect(await there.patch(path, 0, bytes.subarray(0, 1000))).toMatchObject({ status: 204 });
      const first = bytes.subarray(1000, 100_000);
      const hanging = await patchUnderWay(lost.place, there, path, 1000, first, headers);
      // As if its connections to the database were gone and did not come back.
      await lost.app.get(Instance).leave();
      return {
        ...{ lost, token, path, there, here, hanging },
        /** Its request has ended, and everything after it. */
        ended: async () => {
          await hanging.answer.catch(() => undefined);
          await lost.app.get(AdmissionService).whenIdle();
        },
        storedOnce: async () => {
          const told = await here.head(path);
          expect(told).toMatchObject({ status: 200, headers: { 'repr-digest': digestOf(bytes) } });
          const blob = readFileSync(blobPath(service.place, archiveOf(told)));
          expect(sha256Of(blob)).toBe(sha256Of(bytes));
          expect(partialSize(service.place, idOf(path))).toBe(0);
          expect(await rowOf(path)).toBeNull();
          const state = { attemptsLeft: 1, state: 'active' };
          expect(await tokenState(service.url, token)).toMatchObject(state);
        },
      };
    };

    type Taken = Awaited<ReturnType<typeof taken>>;
    const wrong = { 'Upload-Checksum': checksumOf('other') };
    /** How its own request ends, when it is alive after all. */
    const ways: [string, Headers, (hanging: Taken['hanging']) => unknown][] = [
      ['is cut', {}, (hanging) => hanging.breakOff()],
      ['ends early', {}, (hanging) => hanging.finish()],
      ['ends with the last byte', {}, (hanging) => hanging.finish(bytes.subarray(100_000))],
      ['ends too long', {}, (hanging) => hanging.finish(noise(size, 2))],
      ['is cut and has a checksum', wrong, (hanging) => hanging.breakOff()],
      ['ends with a wrong checksum', wrong, (hanging) => hanging.finish()],
    ];

    /** To be taken for dead takes seconds, so all ways come at once. */
    const eachWay = async (story: (has: Headers, end: (typeof ways)[0][2]) => Promise<void>) => {
      const told = await Promise.allSettled(
        ways.map(async ([how, has, end]) =>
          story(has, end).catch((cause: unknown) => {
            throw new Error(`its own request ${how}: ${String(cause)}`);
          }),
        ),
      );
      expect(told.filter(({ status }) => status === 'rejected')).toEqual([]);
    };

    it('leaves it to who goes on with it', () =>
      eachWay(async (has, end) => {
        const { here, path, hanging, ended, storedOnce } = await taken(has);
        const offset = await here.offset(path);
        expect(offset).toBe(has === wrong ? 1000 : 100_000);
        const part = bytes.subarray(offset, 150_000);
        const next = await patchUnderWay(service.place, here, path, offset, part);
        const { writer } = (await rowOf(path)) ?? {};
        await end(hanging);
        await ended();
        expect(await rowOf(path)).toMatchObject({ writer });
        const done = await next.finish(bytes.subarray(150_000));
        expect(done.headers['repr-digest']).toBe(digestOf(bytes));
        await storedOnce();
      }));

    it('leaves the archive that it became', () =>
      eachWay(async (has, end) => {
        const { here, path, hanging, ended, storedOnce } = await taken(has);
        const offset = await here.offset(path);
        archiveOf(await here.patch(path, offset, bytes.subarray(offset)));
        await end(hanging);
        await ended();
        await storedOnce();
      }));

    it('gives nothing back a second time', () =>
      eachWay(async (has, end) => {
        const { token, here, path, hanging, ended } = await taken(has);
        expect(await here.remove(path)).toMatchObject({ status: 204 });
        await end(hanging);
        const answer = await hanging.answer.catch(() => null);
        await ended();
        if (answer) expect(answer.status).toBeGreaterThanOrEqual(400);
        await eventually(() => expect(storedFiles(service.place)).not.toContain(idOf(path)));
        expect(await here.head(path)).toMatchObject({ status: 404 });
        expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });
      }));

    it('leaves no bytes where others have none yet', async () => {
      const { lost, here, path, hanging, ended, storedOnce } = await taken(wrong);
      const part = bytes.subarray(1000, 50_000);
      const next = await patchUnderWay(service.place, here, path, 1000, part);
      // On its way since before it was taken for dead.
      await hanging.write(bytes.subarray(100_000, 200_000));
      hanging.breakOff();
      await ended();
      next.breakOff();
      await service.app.get(AdmissionService).whenIdle();
      const offset = await here.offset(path);
      expect(offset).toBe(50_000);
      archiveOf(await here.patch(path, offset, bytes.subarray(offset)));
      await storedOnce();
      expect(storedFiles(lost.place)).toContain(idOf(path));
    });

    it('does not expire what others go on with', async () => {
      const { lost, here, path, hanging, ended, storedOnce } = await taken();
      const part = bytes.subarray(100_000, 150_000);
      const next = await patchUnderWay(service.place, here, path, 100_000, part);
      await lost.app.get(ResumableService).expire(new Date());
      hanging.breakOff();
      await ended();
      await lost.app.get(SweepService).finish();
      archiveOf(await next.finish(bytes.subarray(150_000)));
      await storedOnce();
    });
  });

if (!isSqlite)
  it('a process that lost the connection that shows it is alive, and has it again, keeps its upload', async () => {
    const shaken = await startedService(env, service.place);
    const token = await service.given.uploadToken({ attempts: 2 });
    const [there, here] = [tus(shaken.url, token), tus(service.url, token)];
    const path = await there.begun({ length: size });
    const first = bytes.subarray(0, 100_000);
    const half = await patchUnderWay(shaken.place, there, path, 0, first);
    const ended = await service.app.get(DataSource).query<unknown[]>(
      `SELECT pg_terminate_backend(pid)
          FROM (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1) AS held`,
      [shaken.app.get(Instance).number],
    );
    expect(ended).toHaveLength(1);
    expectProblem(await here.patch(path, 100_000, bytes.subarray(100_000)), 'upload-busy');
    const done = await half.finish(bytes.subarray(100_000));
    expect(done.headers['repr-digest']).toBe(digestOf(bytes));
  });
