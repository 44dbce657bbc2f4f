import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from './program-build.js';
import { tempFolder } from './temp-folder.js';

const root = join(__dirname, '../..');

/**
 * What stands between ```sh and ```; blocks of other kinds are only to look at.
 * @param kind `sh postgres` for those that a newcomer's SQLite does not run
 */
export const shellBlocks = (path: string, kind: 'sh' | 'sh postgres' = 'sh'): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```(sh[^\n]*)\n(.*?)^```$/gms)].flatMap(
    ([, of, block]) => (of === kind ? [block ?? ''] : []),
  );

/** A folder to put first into PATH: `npx logs-collector` runs the program as it is here. */
export const npxFolder = (): string => {
  const folder = tempFolder();
  const npx = join(folder, 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift\nexec "${process.execPath}" "${programPath}" "$@"\n`);
  chmodSync(npx, 0o755);
  return folder;
};

/** Runs a script from the checkout's folder, with nothing of this process's environment but PATH. */
export const run = async (
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly output: string }> => {
  const shell = spawn('sh', ['-eu'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'] ?? '',
      ...env,
    },
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  shell.stdin.end(script);
  const [code] = (await once(shell, 'close')) as unknown[];
  return { code, output };
};
