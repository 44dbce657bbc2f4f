import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startService } from '../scripts/running-service.js';
import type { Build } from '../scripts/running-service.js';
import { Admin } from './client.js';
import type { Reference } from './references/server.js';

const baselineFolder = process.env['BENCH_BASELINE'];

/** This build, and with BENCH_BASELINE that of another checkout, which does the same work in the same rounds. */
export const builds: readonly { readonly suffix: string; readonly build?: Build }[] = [
  { suffix: '' },
  ...(baselineFolder
    ? [
        {
          suffix: ', baseline',
          build: {
            node: process.env['BENCH_BASELINE_NODE'] || process.execPath,
            program: resolve(baselineFolder, 'dist/src/cli.js'),
          },
        },
      ]
    : []),
];

/** A reference in a process of its own. */
export interface RunningReference {
  readonly url: string;
  readonly pid: number;
  /** What it stored goes. */
  clean(): void;
  stop(): void;
}

/** @param folder made for it, and emptied before each of its rounds */
export const startReference = async (
  reference: Reference,
  folder: string,
): Promise<RunningReference> => {
  mkdirSync(folder, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(__dirname, 'references/server.js'), reference, folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  process.once('exit', () => child.kill());
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    clean: () => readdirSync(folder).forEach((name) => rmSync(join(folder, name))),
    stop: () => void child.kill(),
  };
};

const credentials = { username: 'bench', password: 'plain words make long pass phrases' };
const firstAdmin = {
  ADMIN_USERNAME: credentials.username,
  ADMIN_PASSWORD: credentials.password,
};
/** Attempts that one token may have. */
const mostAttempts = 1000;

/** The service as its people use it. */
export class BenchedService {
  private tickets = 0;

  private constructor(
    readonly url: string,
    readonly pid: number,
    readonly stop: () => Promise<void>,
    readonly admin: Admin,
    /** Milliseconds from its start until it was ready. */
    readonly startMs: number,
  ) {}

  /** Starts it on an empty database, with limits that no measurement meets. */
  static async start(
    folder: string,
    env: Readonly<Record<string, string>> = {},
    build?: Build,
  ): Promise<BenchedService> {
    mkdirSync(folder, { recursive: true });
    const begun = performance.now();
    const limits = {
      API_RATE: '100000000',
      LOGIN_RATE: '1000',
      MAX_UPLOAD_BYTES: String(100 * 1024 ** 3),
    };
    const { url, pid, stop } = await startService(
      folder,
      { ...firstAdmin, ...limits, ...env },
      build,
    );
    const startMs = performance.now() - begun;
    const admin = new Admin(url);
    await admin.signIn(credentials.username, credentials.password);
    const platforms = await admin.send<{ items: unknown[] }>('GET', '/platforms');
    if (platforms.items.length === 0)
      await admin.send('POST', '/platforms', { name: 'bench', title: 'Bench' });
    return new BenchedService(url, pid, stop, admin, startMs);
  }

  /** Starts it on a database that was there before: the very first start makes the tables and the first admin. */
  static async startAgain(folder: string, build?: Build): Promise<BenchedService> {
    mkdirSync(folder, { recursive: true });
    await (await startService(folder, firstAdmin, build)).stop();
    return BenchedService.start(folder, {}, build);
  }

  get archives(): string {
    return `${this.url}/api/v1/archives`;
  }

  /** A new ticket's token. */
  async token(): Promise<string> {
    return (await this.ticket()).token;
  }

  async ticket(): Promise<{ readonly number: string; readonly token: string }> {
    const number = `BENCH-${(this.tickets += 1)}`;
    const { token } = await this.admin.send<{ token: { value: string } }>('POST', '/tickets', {
      platform: 'bench',
      number,
      attempts: mostAttempts,
    });
    return { number, token: token.value };
  }

  /** Removes tickets with all that came for them. */
  async removeTickets(numbers: readonly string[]): Promise<void> {
    for (const number of numbers) await this.admin.send('DELETE', `/tickets/${number}`);
  }

  /** Removes archives by the answers that they were stored with, bytes and all. */
  async remove(answers: readonly string[]): Promise<void> {
    for (const answer of answers)
      await this.admin.send('DELETE', `/archives/${(JSON.parse(answer) as { id: string }).id}`);
  }
}

/** A service of each build, on a database of its own. @param suffix tells its contenders' names apart */
export const startBuilds = async (
  folder: string,
): Promise<{ readonly suffix: string; readonly service: BenchedService }[]> => {
  const started = [];
  for (const [at, { suffix, build }] of builds.entries())
    started.push({
      suffix,
      service: await BenchedService.start(join(folder, `service-${at}`), {}, build),
    });
  return started;
};
