import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** A promise of the benchmark: a ratio or a figure, and the most or the least that it may be. */
export interface Target {
  readonly what: string;
  readonly reached: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit?: string;
}

/** What one suite found. */
export interface Findings {
  readonly title: string;
  /** Each with the same keys, which head the columns. */
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly targets: readonly Target[];
}

export const MiB = 1024 ** 2;
export const GiB = 1024 ** 3;

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
export const inMiB = (bytes: number): number => Math.round(bytes / MiB);

export const isMet = ({ reached, atMost = Infinity, atLeast = -Infinity }: Target): boolean =>
  reached <= atMost && reached >= atLeast;

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

const tableOf = (rows: Findings['rows']): string => {
  const names = Object.keys(rows[0] ?? {});
  return [
    line(names),
    line(names.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
  ].join('\n');
};

const targetRow = (target: Target) => ({
  target: target.what,
  wanted:
    target.atMost === undefined ? `at least ${target.atLeast ?? ''}` : `at most ${target.atMost}`,
  reached: `${round(target.reached)}${target.unit ?? ''}`,
  met: isMet(target) ? 'yes' : '**no**',
});

/** What it ran on: without that no figure says anything. */
export const machine = () => ({
  node: process.version,
  processors: cpus().length,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGiB: Math.round(totalmem() / GiB),
  kernel: release(),
  load: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
});

export const printed = ({ title, rows, targets }: Findings): string =>
  [
    `### ${title}`,
    '',
    tableOf(rows),
    '',
    ...(targets.length > 0 ? [tableOf(targets.map(targetRow)), ''] : []),
  ].join('\n');

/**
 * Kept as JSON in bench/results, which is not committed.
 * @param conditions under which it was measured
 * @returns the file's path
 */
export const keep = (conditions: object, findings: readonly Findings[]): string => {
  const folder = join(process.cwd(), 'bench/results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const path = join(folder, `bench-${at.replaceAll(':', '-')}.json`);
  writeFileSync(path, `${JSON.stringify({ at, ...conditions, findings }, null, 2)}\n`);
  return path;
};
