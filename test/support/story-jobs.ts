import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programPath } from './program-build.js';
import { tempFolder } from './temp-folder.js';

/** What a job of the kind 'story' does. It first writes the id of its process into the file `begun`. */
export interface StoryJob {
  readonly begun: string;
  /** Ends once this file is there; at once where it is left out. */
  readonly gate?: string;
}

/**
 * An environment in which the program has a handler of jobs of the kind 'story': those that it ships do not wait for a
 * test.
 */
export const withStoryJobs = (): Readonly<Record<string, string>> => {
  const path = join(tempFolder(), 'story-jobs.cjs');
  const handlers = JSON.stringify(join(dirname(programPath), 'jobs/handlers.js'));
  writeFileSync(
    path,
    `const { existsSync, writeFileSync } = require('node:fs');
    const { setTimeout: pause } = require('node:timers/promises');
    const { Handlers } = require(${handlers});
    const run = async ({ payload: { begun, gate }, signal }) => {
      writeFileSync(begun, String(process.pid));
      while (gate !== undefined && !existsSync(gate)) await pause(20, undefined, { signal });
    };
    const story = { kind: 'story', limit: 4, tries: 3, leaseMs: 60_000, run };
    Handlers.prototype.jobs = () => new Map([['story', story]]);`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
};
