import { noise, seeded, sha256Of } from '../support/bytes.js';
import { cuttingProxy, randomCuts } from '../support/cutting-proxy.js';
import { freshPlace } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { spawnedService } from '../support/program.js';
import { storedFiles } from '../support/store-files.js';
import { ScriptFolder, describeEachShell, receiptsIn } from '../support/upload-script.js';
import type { Shell } from '../support/upload-script.js';
import { tokenState } from '../support/upload-under-way.js';

const MiB = 1024 ** 2;
const size = 64 * MiB;
const cuts = 24;
const kills = 3;
const bytes = noise(size, 64);

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);

const arrives = async (shell: Shell): Promise<void> => {
  const place = await freshPlace();
  let service = await spawnedService({}, place);
  const token = await service.given.uploadToken({ attempts: 5 });
  const folder = await ScriptFolder.fetched(service.url, shell);
  const line = await cuttingProxy(service.url);
  line.plan(...randomCuts(seeded(seed), { count: cuts, bytes: size, piece: 0 }));
  const running = folder.start([folder.file('logs.tgz', bytes)], {
    token,
    env: { UPLOAD_URL: line.url, UPLOAD_RETRIES: '1000' },
    // Short, so that it asks again while the service starts, and no more often than that takes.
    instead: '/bin/sleep 0.05',
  });
  for (let killed = 1; killed <= kills; killed += 1) {
    const due = (size * killed) / (kills + 1);
    await eventually(() => expect(line.counters.clientBytes).toBeGreaterThan(due), 60_000);
    service.kill('SIGKILL');
    await service.ended;
    service = await spawnedService({}, place);
    line.aim(service.url);
  }
  const { code, stdout, stderr } = await running.ended;
  expect({ seed, code, stderr }).toMatchObject({ seed, code: 0 });
  expect({ seed, cuts: line.counters.cuts }).toEqual({ seed, cuts });
  const [receipt] = receiptsIn(stdout);
  expect(receipt).toMatchObject({ size: `${size} bytes`, 'SHA-256': sha256Of(bytes) });
  expect(await tokenState(service.url, token)).toMatchObject({
    attemptsLeft: 4,
    archives: [{ id: receipt?.['archive'], size, sha256: sha256Of(bytes) }],
  });
  expect(storedFiles(place)).toEqual([receipt?.['archive']]);
};

describeEachShell(
  'under',
  (shell) => {
    it(`64 MiB arrive though the line breaks ${cuts} times and the service is killed ${kills} times`, () =>
      arrives(shell));
  },
  ['dash', 'busybox'],
);
