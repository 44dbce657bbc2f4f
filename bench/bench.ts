import { inScratchFolder } from '../scripts/running-service.js';
import { GiB, isMet, keep, machine, printed } from './report.js';
import type { Findings } from './report.js';
import { atOnce } from './suites/at-once.js';
import { downloads } from './suites/downloads.js';
import { health } from './suites/health.js';
import { lists } from './suites/lists.js';
import { memory } from './suites/memory.js';
import { smallUploads } from './suites/small-uploads.js';
import { uploads } from './suites/uploads.js';

/**
 * The service against fixed references, in turn: `npm run bench`, or `npm run bench -- uploads lists` for some suites.
 * ROUNDS (5) are counted after one that warms up; SIZE_GIB (1) is the size of a large archive, LARGEST_GIB (10) that of the
 * one whose memory is watched.
 */

const rounds = Number(process.env['ROUNDS'] || 5);
const bytes = Math.round(Number(process.env['SIZE_GIB'] || 1) * GiB);
const largestBytes = Math.round(Number(process.env['LARGEST_GIB'] || 10) * GiB);
/** Memory that this machine's host gives only when it is touched would be paid for by whoever comes first. */
const touchedBytes = 3 * GiB;

const suites: Readonly<Record<string, (folder: string) => Promise<Findings>>> = {
  uploads: (folder) => uploads(folder, rounds, bytes),
  'at-once': (folder) => atOnce(folder, rounds),
  memory: (folder) => memory(folder, largestBytes),
  small: (folder) => smallUploads(folder, rounds),
  downloads: (folder) => downloads(folder, rounds, bytes),
  health: (folder) => health(folder, rounds),
  lists: (folder) => lists(folder, rounds),
};

const touchMemory = (): void => {
  // All of it at once: what was given back already would be touched a second time.
  const held: Buffer[] = [];
  while (held.length * GiB < touchedBytes) held.push(Buffer.alloc(GiB, 1));
};

const chosen = (): string[] => {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !(name in suites));
  if (unknown.length > 0)
    throw new Error(`no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`);
  return named.length > 0 ? named : Object.keys(suites);
};

const bench = async (): Promise<void> => {
  const names = chosen();
  touchMemory();
  const conditions = { machine: machine(), rounds, bytes, largestBytes };
  const { node, processors, processor, memoryGiB, kernel, load } = conditions.machine;
  console.log(
    `Node ${node}, ${processors} processors (${processor}), ${memoryGiB} GiB, Linux ${kernel}, load ${load} at the start, ${rounds} rounds\n`,
  );
  const found: Findings[] = [];
  for (const name of names) {
    const suite = suites[name];
    if (!suite) continue;
    const findings = await inScratchFolder('logs-collector-bench-', suite);
    console.log(printed(findings));
    found.push(findings);
  }
  const missed = found.flatMap(({ targets }) => targets).filter((target) => !isMet(target));
  console.log(
    `${missed.length === 0 ? 'All targets met' : `Targets missed: ${missed.length}`}; kept in ${keep(conditions, found)}`,
  );
};

bench().catch((cause: unknown) => {
  console.error(`FAIL: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exitCode = 1;
});
