import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterFile } from './cleaning.js';
import { eventually } from './eventually.js';
import { describeUnless, lackOf, toleratedOutsideCi } from './left-out.js';
import { freePort } from './postgres-server.js';
import { tempFolder } from './temp-folder.js';
import { selfSigned } from './tls-proxy.js';

/** Debian keeps it where people who are not root do not look. */
const paths = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

export const describeWithNginx = describeUnless(toleratedOutsideCi(lackOf('nginx', 'nginx-light')));

/** Whether somebody listens there. */
export const reaches = async (port: number): Promise<void> => {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
};

export interface Nginx {
  /** Without a slash at its end. */
  readonly url: string;
  /** File with the certificate that a client has to trust, where it speaks https. */
  readonly certificate: string;
  /** Begins to serve, or serves otherwise from now on. @param locations of the server's block */
  serve(locations: string): Promise<void>;
  errors(): string;
}

/** A real nginx on a free port of this machine, which serves nothing yet: so its address can be PUBLIC_URL. */
export const nginx = async (scheme: 'http' | 'https' = 'http'): Promise<Nginx> => {
  const folder = tempFolder();
  const port = await freePort();
  const conf = join(folder, 'nginx.conf');
  const errorLog = join(folder, 'error.log');
  mkdirSync(join(folder, 'temp'));
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/temp/${name};`,
  );
  const signed = scheme === 'https' ? await selfSigned() : null;
  const tls = signed
    ? [`    ssl_certificate ${signed.certificate};`, `    ssl_certificate_key ${signed.key};`]
    : [];
  const written = (locations: string): string =>
    [
      'daemon off;',
      'master_process off;',
      'worker_processes 1;',
      `pid ${folder}/nginx.pid;`,
      `error_log ${errorLog} info;`,
      'events { worker_connections 256; }',
      'http {',
      '  access_log off;',
      ...temps,
      '  server {',
      `    listen 127.0.0.1:${port}${scheme === 'https' ? ' ssl' : ''};`,
      '    server_name localhost;',
      ...tls,
      locations,
      '  }',
      '}',
    ].join('\n');
  let stop = (): Promise<void> => Promise.resolve();
  afterFile(() => stop());
  const url = `${scheme}://localhost:${port}`;
  return {
    url,
    certificate: signed?.certificate ?? '',
    errors: () => readFileSync(errorLog, 'utf8'),
    serve: async (locations) => {
      await stop();
      writeFileSync(conf, written(locations));
      const child = spawn('nginx', ['-p', folder, '-c', conf, '-e', errorLog], {
        stdio: 'ignore',
        env: paths,
      });
      const state = { hasEnded: false };
      const ended = new Promise<void>((resolve) => {
        const end = (): void => {
          state.hasEnded = true;
          resolve();
        };
        child.once('error', end).once('close', end);
      });
      stop = () => {
        child.kill('SIGKILL');
        return ended;
      };
      await eventually(async () => {
        if (!state.hasEnded) return reaches(port);
      });
      if (state.hasEnded) throw new Error(`nginx ended: ${readFileSync(errorLog, 'utf8')}`);
    },
  };
};
