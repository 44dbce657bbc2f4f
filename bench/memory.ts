import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inScratchFolder, startService } from '../scripts/running-service.js';
import { Admin, curl, writeSource } from './client.js';
import { residentBytes, usageDuring } from './process-usage.js';
import type { Usage } from './process-usage.js';

/**
 * Whether memory stays flat while archives pass, and what a GiB costs: `npm run bench`.
 * SIZE_GIB (3) is the size of the archive; it lies on the disk once, in the system's folder for temporary files.
 * Everything is done ROUNDS (2) times: of the memory the highest counts, of the times the lowest, since whatever else
 * the machine does only adds to them.
 */

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
/** The promise: whatever the size, no more than this above the idle service. */
const mostGrowthBytes = 64 * MiB;
/** Until the work of the start has settled. */
const settleMs = 3_000;

const sizeBytes = Math.round(Number(process.env['SIZE_GIB'] || 3) * GiB);
const rounds = Number(process.env['ROUNDS'] || 2);
const admin = { username: 'bench', password: 'plain words make long pass phrases' };

interface Row extends Usage {
  readonly what: string;
  readonly idleBytes: number;
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));

const measure = async (
  what: string,
  pid: number,
  idleBytes: number,
  work: () => Promise<void>,
): Promise<Row> => ({ what, idleBytes, ...(await usageDuring(pid, work)) });

const measureFloor = async (source: string): Promise<Row[]> => {
  const child = spawn(process.execPath, [join(__dirname, 'floor.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill());
  try {
    const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    await settled();
    const pid = child.pid ?? 0;
    const idleBytes = residentBytes(pid);
    const rows: Row[] = [];
    for (let round = 0; round < rounds; round += 1)
      rows.push(
        await measure('floor: node:http, hash only', pid, idleBytes, async () => {
          await curl('-T', source, `http://127.0.0.1:${port}/`);
        }),
      );
    return rows;
  } finally {
    child.kill();
  }
};

const measureService = async (folder: string, source: string): Promise<Row[]> => {
  const service = await startService(folder, {
    ADMIN_USERNAME: admin.username,
    ADMIN_PASSWORD: admin.password,
    MAX_UPLOAD_BYTES: String(sizeBytes),
  });
  try {
    await settled();
    const idleBytes = residentBytes(service.pid);
    const person = new Admin(service.url);
    await person.signIn(admin.username, admin.password);
    await person.send('POST', '/platforms', { name: 'bench', title: 'Bench' });
    const { token } = await person.send<{ token: { value: string } }>('POST', '/tickets', {
      platform: 'bench',
      number: 'BENCH-1',
      attempts: 2 * rounds,
    });
    const archives = `${service.url}/api/v1/archives`;
    const proof = ['-H', `Upload-Token: ${token.value}`];
    const rows: Row[] = [];
    const take = async (what: string, work: () => Promise<void>): Promise<void> => {
      rows.push(await measure(what, service.pid, idleBytes, work));
    };
    for (let round = 0; round < rounds; round += 1)
      for (const [what, ...how] of [
        ['PUT', '-T', source, `${archives}/`],
        ['form', '-F', `file=@${source}`, archives],
      ] as const) {
        let id = '';
        await take(`upload, ${what}`, async () => {
          ({ id } = JSON.parse(await curl(...proof, ...how)) as { id: string });
        });
        await take('download', () => download(`${archives}/${id}/content`, person));
        await person.send('DELETE', `/archives/${id}`);
      }
    return rows;
  } finally {
    await service.stop();
  }
};

const download = async (url: string, person: Admin): Promise<void> => {
  const got = await curl(
    '-H',
    person.cookieHeader,
    '-o',
    '/dev/null',
    '-w',
    '%{size_download}',
    url,
  );
  if (Number(got) !== sizeBytes) throw new Error(`${got} of ${sizeBytes} bytes came down`);
};

/** One row for each kind of work. */
const summed = (rows: readonly Row[]): Row[] =>
  [...new Set(rows.map(({ what }) => what))].map((what) => {
    const same = rows.filter((row) => row.what === what);
    return {
      what,
      idleBytes: Math.min(...same.map(({ idleBytes }) => idleBytes)),
      peakBytes: Math.max(...same.map(({ peakBytes }) => peakBytes)),
      processorSeconds: Math.min(...same.map(({ processorSeconds }) => processorSeconds)),
      wallSeconds: Math.min(...same.map(({ wallSeconds }) => wallSeconds)),
    };
  });

const inMiB = (bytes: number): number => Math.round(bytes / MiB);
const perGiB = (seconds: number): number => Math.round((100 * seconds * GiB) / sizeBytes) / 100;

/** What is printed and kept; sizes in MiB, times in seconds. */
const resultOf = (row: Row, floor: Row) => ({
  what: row.what,
  idle: inMiB(row.idleBytes),
  growth: inMiB(row.peakBytes - row.idleBytes),
  processorPerGiB: perGiB(row.processorSeconds),
  timesFloor: Math.round((100 * row.processorSeconds) / floor.processorSeconds) / 100,
  wallPerGiB: perGiB(row.wallSeconds),
});
type Result = ReturnType<typeof resultOf>;

const heading =
  '| what | idle MiB | growth MiB | processor s/GiB | times the floor | wall s/GiB |\n| --- | --- | --- | --- | --- | --- |';

const tableOf = (results: readonly Result[]): string =>
  [heading, ...results.map((result) => `| ${Object.values(result).join(' | ')} |`)].join('\n');

const keep = (results: readonly Result[], passed: boolean): void => {
  const folder = join(process.cwd(), 'bench/results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const machine = { node: process.version, processors: cpus().length };
  const text = JSON.stringify({ at, sizeBytes, rounds, ...machine, passed, results }, null, 2);
  writeFileSync(join(folder, `memory-${at.replaceAll(':', '-')}.json`), `${text}\n`);
};

const bench = async (folder: string): Promise<void> => {
  const source = join(folder, 'source.bin');
  writeSource(source, sizeBytes);
  const [floor] = summed(await measureFloor(source));
  if (!floor) throw new Error('ROUNDS holds no number above 0');
  const service = summed(await measureService(folder, source));
  const results = [floor, ...service].map((row) => resultOf(row, floor));
  const worst = Math.max(...service.map(({ peakBytes, idleBytes }) => peakBytes - idleBytes));
  const passed = worst < mostGrowthBytes;
  console.log(
    `${sizeBytes / GiB} GiB, ${rounds} rounds, Node ${process.version}, ${cpus().length} processors\n`,
  );
  console.log(tableOf(results));
  console.log(
    `\n${passed ? 'PASS' : 'FAIL'}: memory grew by ${inMiB(worst)} MiB over idle; the promise is less than ${inMiB(mostGrowthBytes)} MiB`,
  );
  keep(results, passed);
  if (!passed) process.exitCode = 1;
};

inScratchFolder('logs-collector-bench-', bench).catch((cause: unknown) => {
  console.error(`FAIL: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exitCode = 1;
});
