import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../test/support/postgres-server.js';
import { curl } from '../client.js';

/** nginx as it does best: WebDAV to store, sendfile to deliver. */
export interface RunningNginx {
  readonly url: string;
  readonly pid: number;
  /** Stores a file, and gives it what the service promises: a SHA-256, and bytes that are on the disk. */
  put(source: string): Promise<void>;
  clean(): void;
  stop(): void;
}

/** One process, so that its processor time is that of the work. */
const configuration = (folder: string, port: number): string => `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0; client_body_temp_path ${folder}/temp;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; location / { root ${folder}/files; dav_methods PUT DELETE; } }
}
`;

const run = (program: string, ...args: string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
      .once('error', reject)
      .once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${code}`))));
  });

/** @returns null where nginx is not installed */
export const startNginx = async (folder: string): Promise<RunningNginx | null> => {
  if (spawnSync('nginx', ['-v']).error) return null;
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port));
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => child.kill());
  const url = `http://127.0.0.1:${port}/`;
  while (!(await fetch(url).catch(() => null))) await setTimeout(20);
  const stored = join(files, 'stored.bin');
  return {
    url,
    pid: child.pid ?? 0,
    put: async (source) => {
      await curl('-T', source, `${url}stored.bin`);
      await run('openssl', 'dgst', '-sha256', stored);
      await run('sync', stored);
    },
    clean: () => readdirSync(files).forEach((name) => rmSync(join(files, name))),
    stop: () => void child.kill(),
  };
};
