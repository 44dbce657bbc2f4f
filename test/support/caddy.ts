import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterFile } from './cleaning.js';
import { eventually } from './eventually.js';
import { describeUnless, lackOf } from './left-out.js';
import { reaches } from './nginx.js';
import { tempFolder } from './temp-folder.js';

/** Where it is not installed its story is left out, in CI too: nginx's tells the same. */
export const describeWithCaddy = describeUnless(lackOf('caddy'));

const name = 'logs.example.com';
const upstream = '127.0.0.1:8000';

/** The block for Caddy in docs/operations.md, as it stands there, at this address and in front of this service. */
export const documentedCaddy = (address: string, service: string): string => {
  const text = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
  const [, block = ''] = /^```caddy\n(.*?)^```$/ms.exec(text) ?? [];
  if (!block.includes(name) || !block.includes(upstream))
    throw new Error('docs/operations.md has no block for Caddy');
  return block.replace(name, address).replace(upstream, service.replace('http://', ''));
};

/** A real Caddy. @param block of its Caddyfile */
export const caddy = async (port: number, block: string): Promise<void> => {
  const folder = tempFolder();
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${block}`);
  const child = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', file], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  afterFile(() => {
    child.kill('SIGKILL');
    return ended;
  });
  await eventually(() => reaches(port));
};
