import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * Why stories cannot be told on this machine, as the end of a sentence about them; null where they can.
 * left-out-reporter.cjs ends the run with it.
 */
export type Lack = string | null;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** @returns its path on this machine, or null. @param folders besides those of PATH */
export const whereIs = (program: string, ...folders: readonly string[]): string | null =>
  [...(process.env['PATH'] ?? '').split(':'), ...folders]
    .map((folder) => join(folder, program))
    .find(isExecutable) ?? null;

/** @param packages of Debian that bring it */
export const lackOf = (program: string, packages = program): Lack =>
  // Debian keeps some where people who are not root do not look.
  whereIs(program, '/usr/sbin') === null
    ? `needs ${program}, which is not installed (apt-get install ${packages})`
    : null;

/** CI has what it takes, and fails where it has not. */
export const toleratedOutsideCi = (lack: Lack): Lack => (process.env['CI'] ? null : lack);

type Tell = (name: string, stories: () => void) => void;
type TellOne = (name: string, story: () => Promise<void>) => void;

/** The reporter finds the reason in the title. */
const titled = (name: string, lack: string): string => `${name} (left out: ${lack})`;

/** `describe`, or where something is lacking, one that leaves its stories out and says why. */
export const describeUnless = (lack: Lack): Tell =>
  lack === null ? describe : (name, stories) => describe.skip(titled(name, lack), stories);

/** `it`, or where something is lacking, one that leaves its story out and says why. */
export const itUnless = (lack: Lack): TellOne =>
  lack === null ? it : (name, story) => it.skip(titled(name, lack), story);
