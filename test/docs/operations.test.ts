import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { download } from '../support/download.js';
import { startedService } from '../support/service.js';
import { npxFolder, run, shellBlocks } from '../support/shell-blocks.js';
import { blobPath, storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';

it('the shell blocks of the operations page run as they stand, in order, beside a service', async () => {
  const service = await startedService();
  const { id } = await service.given.archive();
  const blocks = shellBlocks('docs/operations.md');
  expect(blocks.length).toBeGreaterThan(2);
  const [backups, restored] = [join(tempFolder(), 'backups'), join(tempFolder(), 'data')];
  const env = {
    PATH: `${npxFolder()}:${process.env['PATH'] ?? ''}`,
    DATA_DIR: service.place.dataDir,
    BACKUPS: backups,
    NEW_DATA_DIR: restored,
  };
  const { code, output } = await run([...blocks, 'echo all blocks ran'].join('\n'), env);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('all blocks ran') });
  expect(storedFiles({ dataDir: restored })).toEqual([id]);
  // As the page says: it has the same path in all three.
  const path = blobPath(service.place, String(id)).slice(service.place.dataDir.length);
  expect(blobPath({ dataDir: backups }, String(id))).toBe(backups + path);
  // What the disk lost comes back from the backup, by the block that says so.
  writeFileSync(blobPath(service.place, String(id)), 'lost');
  const again = blocks.find((block) => block.startsWith('for id in')) ?? 'exit 1';
  expect(await run(again, env)).toMatchObject({
    code: 0,
    output: expect.stringContaining('1 archives, 9 bytes, 0 findings'),
  });
  await download((await service.given.admin()).api, String(id)).expect(200);
});
