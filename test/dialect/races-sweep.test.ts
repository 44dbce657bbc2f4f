import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SweepService } from '../../src/maintenance/sweep.service.js';
import { VerifyService } from '../../src/maintenance/verify.service.js';
import { noise } from '../support/bytes.js';
import { startedService } from '../support/service.js';
import { blobPath, storeFolder, storedFiles } from '../support/store-files.js';
import { upload } from '../support/upload.js';

// At a start the sweep reads the store while the first customers already upload.
describe('a sweep', () => {
  it('takes nothing of the uploads that come and end while it looks', async () => {
    const service = await startedService();
    const sweeps = service.app.get(SweepService);
    const stored: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const token = await service.given.uploadToken({ attempts: 12 });
      const over = new AbortController();
      const sweeping = (async () => {
        while (!over.signal.aborted) await sweeps.sweep();
      })();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, at) =>
          upload(service.url, token, { way: at % 2 ? 'put' : 'form', bytes: noise(100 + at) }),
        ),
      );
      over.abort();
      await sweeping;
      for (const { status, body } of answers) {
        expect(status).toBe(201);
        stored.push(String(body.id));
      }
    }
    expect(storedFiles(service.place)).toEqual(stored.sort());
    expect(await service.app.get(VerifyService).verify()).toMatchObject({
      archives: stored.length,
      findings: [],
    });
  });

  it('takes no archive whose partial file it saw a moment before', async () => {
    const service = await startedService();
    const { id } = await service.given.archive();
    // What a sweep holds in its hands that listed the store just before the archive was recorded.
    writeFileSync(join(storeFolder(service.place), 'partial', String(id)), 'partial');
    await service.app.get(SweepService).sweep();
    expect(existsSync(blobPath(service.place, String(id)))).toBe(true);
  });

  it('takes the second name that a power cut in the middle of a rename left of an archive', async () => {
    const service = await startedService();
    const { id } = await service.given.archive();
    const second = join(storeFolder(service.place), 'partial', String(id));
    copyFileSync(blobPath(service.place, String(id)), second);
    const sweeps = service.app.get(SweepService);
    expect(await sweeps.sweep({ dryRun: true })).toMatchObject({ orphans: [] });
    expect(existsSync(second)).toBe(true);
    await sweeps.dropPartials();
    expect(storedFiles(service.place)).toEqual([id]);
    expect(await service.app.get(VerifyService).verify()).toMatchObject({ findings: [] });
  });
});
