import { dirname, join } from 'node:path';
import { digestOf, noise } from '../support/bytes.js';
import { expectProblem } from '../support/http.js';
import { spawnedService } from '../support/program.js';
import { blobPath, storeFolder, storedFiles } from '../support/store-files.js';
import { describeTraced, failingSyncs } from '../support/system-calls.js';
import { archiveOf, idOf, tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

describeTraced('on a disk whose syncs fail', () => {
  const bytes = noise(200_000);

  /** An upload that lacks its second half. */
  const begun = async () => {
    const service = await spawnedService();
    const token = await service.given.uploadToken({ attempts: 2 });
    const owner = tus(service.url, token);
    const path = await owner.begun({ length: bytes.length });
    await owner.patch(path, 0, bytes.subarray(0, 100_000));
    const finish = () => owner.patch(path, 100_000, bytes.subarray(100_000));
    return { service, token, owner, path, finish };
  };

  // Linux tells of bytes that it could not write once, and lets the next sync succeed: whoever simply asked again would
  // take lost bytes for durable ones.
  it('bytes are asked for again, and not taken for stored at the next try', async () => {
    const { service, token, owner, path, finish } = await begun();
    const partial = join(storeFolder(service.place), 'partial', idOf(path));
    const healed = await failingSyncs(service.pid, partial);
    expectProblem(await finish(), 'storage-unavailable');
    await healed();
    expect(await owner.offset(path)).toBe(0);
    const stored = await owner.patch(path, 0, bytes);
    expect(stored).toMatchObject({ status: 204, headers: { 'repr-digest': digestOf(bytes) } });
    expect(storedFiles(service.place)).toEqual([archiveOf(stored)]);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
  });

  it('nor are they told of as an offset to go on from', async () => {
    const { service, token, owner, path, finish } = await begun();
    const partial = join(storeFolder(service.place), 'partial', idOf(path));
    const healed = await failingSyncs(service.pid, partial);
    const some = await owner.patch(path, 100_000, bytes.subarray(100_000, 150_000));
    expectProblem(some, 'storage-unavailable');
    await healed();
    expect(await owner.offset(path)).toBe(0);
    expect(await owner.patch(path, 0, bytes.subarray(0, 100_000))).toMatchObject({ status: 204 });
    expect((await finish()).headers['repr-digest']).toBe(digestOf(bytes));
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
  });

  // The same as after a kill between the two: the file has its name, and a power cut would take that away.
  it('an archive is told of only when its name is durable', async () => {
    const { service, owner, path, finish } = await begun();
    const blob = blobPath(service.place, idOf(path));
    const healed = await failingSyncs(service.pid, dirname(blob));
    expectProblem(await finish(), 'storage-unavailable');
    expect(storedFiles(service.place)).toEqual([idOf(path)]);
    expect(await owner.head(path)).toMatchObject({ status: 503 });
    await healed();
    const head = await owner.head(path);
    expect(head).toMatchObject({ status: 200, headers: { 'repr-digest': digestOf(bytes) } });
    expect(archiveOf(head)).toBe(idOf(path));
  });
});
