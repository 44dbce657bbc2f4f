import { DataSource } from 'typeorm';
import { Archive } from '../../src/archives/archive.entity.js';
import { begunNow } from '../../src/uploads/records/new-upload.js';
import { UploadsService } from '../../src/uploads/records/uploads.service.js';
import { BlobStore } from '../../src/storage/blob-store.js';
import { BlobRecord } from '../../src/storage/blobs/blob-record.entity.js';
import { Tombstones } from '../../src/storage/blobs/tombstones.service.js';
import { SideCarUnreadable } from '../../src/uploads/side-cars/side-cars.errors.js';
import { UploadTokenUnknown } from '../../src/tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../src/tickets/tokens/upload-tokens.service.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import { sendSideCar } from '../support/side-cars.js';
import { storedFiles } from '../support/store-files.js';
import { upload } from '../support/upload.js';

describe('what is recorded stays', () => {
  it('where the answer to the commit was lost and the upload seems to have failed', async () => {
    const service = await startedService();
    const token = await service.given.uploadToken({ attempts: 3 });
    const { body } = await upload(service.url, token);
    const { id } = body as { id: string };
    const tokens = service.app.get(UploadTokensService);
    const known = await tokens.load(service.app.get(DataSource).manager, token.id);

    const failed = await service.app
      .get(UploadsService)
      .fail(
        known,
        { ...begunNow(id, 'put', null), idempotencyKey: null, filename: null },
        { filename: null, bytes: 0 },
        new Error('lost'),
      );

    expect(failed).toBe('stored');
    expect(storedFiles(service.place)).toHaveLength(1);
    const after = await tokens.load(service.app.get(DataSource).manager, token.id);
    expect(after).toMatchObject({ attemptsLeft: 2, failures: 0 });
  });

  it('whatever asks for the burial of its bytes', async () => {
    const service = await startedService();
    const { id } = (await service.given.archive()) as { id: string };
    await service.app.get(Tombstones).bury([id]);
    expect(storedFiles(service.place)).toHaveLength(1);
  });

  it('when the database is an older copy that does not know it yet', async () => {
    const service = await startedService();
    const { id } = (await service.given.archive()) as { id: string };
    const { manager } = service.app.get(DataSource);
    await manager.delete(Archive, { id });
    await manager.delete(BlobRecord, { ownerId: id });
    await service.stop();

    const older = await startedService({}, service.place);
    const found = await older.log.event('sweep.orphan-found');

    expect(found['file']).toBe(`blob ${id}`);
    expect(storedFiles(service.place)).toEqual([id]);
  });
});

it('a side-car that is refused after its ticket was deleted learns that its token is unknown', async () => {
  const service = await startedService();
  const token = await service.given.uploadToken();
  const uploads = service.app.get(UploadsService);
  const known = await uploads.tokenOf(token.id);
  const { api } = await service.given.admin();
  await api.delete(`/tickets/${token.ticket}`).expect(204);
  const begun = begunNow(known.id, 'put', null);
  await expect(
    uploads.refuse(known, begun, { filename: null, bytes: 0 }, new SideCarUnreadable('md5')),
  ).rejects.toThrow(UploadTokenUnknown);
});

it('a file whose ticket is deleted while its MD5 is read is refused for that, and not called damaged', async () => {
  const service = await startedService();
  const token = await service.given.uploadToken();
  const { api } = await service.given.admin();
  const bytes = 'the bytes of a file';
  // Its checksum waits for it, and takes reading the file again.
  const claim = { algorithm: 'md5', of: bytes } as const;
  expect(await sendSideCar(service.url, token, claim)).toMatchObject({ status: 201 });
  const store = service.app.get(BlobStore);
  const open = store.open.bind(store);
  jest.spyOn(store, 'open').mockImplementationOnce(async (...given) => {
    await api.delete(`/tickets/${token.ticket}`).expect(204);
    return open(...given);
  });
  expectProblem(await upload(service.url, token, { bytes }), 'token-unknown');
  expect(storedFiles(service.place)).toEqual([]);
});
