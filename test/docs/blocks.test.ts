import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnedService } from '../support/program.js';
import { tempFolder } from '../support/temp-folder.js';

const root = join(__dirname, '../..');

/** What stands between ```sh and ```; blocks of other kinds are only to look at. */
const shellBlocks = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(
    ([, block]) => block ?? '',
  );

/**
 * The one wait of the README is for the next code, since a code works once. Instead of the clock, the account's last
 * used step goes back here.
 */
const sleep = `
sleep() {
  node -e "require('better-sqlite3')(process.env.DATABASE).exec('UPDATE users SET totp_last_step = 0')"
}
`;

const run = async (
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly output: string }> => {
  const shell = spawn('sh', ['-eu'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
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

it('the shell blocks of the README and of the integrations page run as they stand, in order', async () => {
  const service = await spawnedService({ ADMIN_USERNAME: '', ADMIN_PASSWORD: '' });
  await service.log.event('setup.link');
  const log = join(tempFolder(), 'service.log');
  writeFileSync(log, service.log.text);
  const blocks = [...shellBlocks('README.md'), ...shellBlocks('docs/integrations.md')];
  expect(blocks.length).toBeGreaterThan(15);

  const script = [sleep, ...blocks, 'echo all blocks ran'].join('\n');
  const { code, output } = await run(script, {
    BASE: service.url,
    SERVICE_LOG: log,
    DATABASE: join(service.place.dataDir, 'logs-collector.sqlite'),
    TMPDIR: tempFolder(),
  });

  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('all blocks ran') });
}, 120_000);
