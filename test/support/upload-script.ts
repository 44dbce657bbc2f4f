import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterFile } from './cleaning.js';
import { eventually } from './eventually.js';
import { send } from './http.js';
import { describeUnless, lackOf, toleratedOutsideCi, whereIs } from './left-out.js';
import { tempFolder } from './temp-folder.js';

export interface Shell {
  readonly name: string;
  readonly path: string;
  /** PATH of what runs in it. */
  readonly programs: string;
}

/** A machine that has nothing but busybox and curl. */
const busybox = (path: string): Shell => {
  const folder = tempFolder();
  execFileSync(path, ['--install', '-s', folder]);
  symlinkSync(whereIs('curl') ?? 'curl', join(folder, 'curl'));
  return { name: 'busybox sh', path: join(folder, 'sh'), programs: folder };
};

const shellNamed = (name: string, path: string): Shell => ({
  name,
  path,
  programs: process.env['PATH'] ?? '',
});

/** Tells the stories under each shell that the script is for; CI has them all. @param where how their title begins */
export const describeEachShell = (
  where: string,
  stories: (shell: Shell) => void,
  names: readonly string[] = ['dash', 'bash', 'busybox'],
): void => {
  for (const name of names) {
    const path = whereIs(name);
    const shell =
      name === 'busybox' && path !== null ? busybox(path) : shellNamed(name, path ?? name);
    describeUnless(toleratedOutsideCi(lackOf(name)))(`${where} ${shell.name}`, () =>
      stories(shell),
    );
  }
};

export interface ScriptEnded {
  readonly code: number | null;
  /** The receipts. */
  readonly stdout: string;
  readonly stderr: string;
  /** Seconds of each wait: none was waited out. */
  readonly waits: readonly number[];
  /** What curl was called with, a line for each call. */
  readonly calls: readonly string[];
}

export interface ScriptWishes {
  /** Runs it at a terminal, where its standard error comes on the standard output too. */
  readonly atTerminal?: boolean;
  readonly token?: { readonly value: string } | string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of sh that run in place of each wait; `$1` is its seconds, `$2` its number from 1. */
  readonly instead?: string;
  /** Added to each call of curl. */
  readonly curlOptions?: string;
  /** Lines of sh that run before each call of curl. */
  readonly beforeCurl?: string;
}

export interface RunningScript {
  readonly ended: Promise<ScriptEnded>;
  /** Resolves when what it wrote matches. */
  says(pattern: RegExp): Promise<void>;
  /** At a terminal. */
  type(text: string): void;
  /** Ends it at once, and the curl that it runs, as pulling the plug does. */
  kill(): Promise<void>;
}

const program = (path: string, lines: string): void => {
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
};

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];

/** A customer's folder with the script that they fetched. */
export class ScriptFolder {
  readonly path = tempFolder();
  /** Temporary files would be here. */
  readonly temporary = tempFolder();

  private constructor(
    private readonly script: string,
    private readonly shell: Shell,
  ) {}

  /** @param url of the service */
  static async fetched(url: string, shell = shellNamed('sh', '/bin/sh')): Promise<ScriptFolder> {
    const { status, text } = await send(`${url}/upload.sh`, { method: 'GET' });
    expect({ status, text }).toEqual({
      status: 200,
      text: expect.stringMatching(/^#!\/bin\/sh\n/),
    });
    return new ScriptFolder(text, shell);
  }

  file(name: string, bytes: Buffer | string = 'some logs'): string {
    writeFileSync(join(this.path, name), bytes);
    return name;
  }

  run(files: readonly string[], wishes: ScriptWishes = {}): Promise<ScriptEnded> {
    return this.start(files, wishes).ended;
  }

  /** Runs in a session of its own, without a terminal where none is wished. */
  start(files: readonly string[], wishes: ScriptWishes = {}): RunningScript {
    const { token = null, env = {}, instead = ':', curlOptions = '', beforeCurl = ':' } = wishes;
    const { atTerminal = false } = wishes;
    const tools = tempFolder();
    const [waits, calls] = [join(tools, 'waits'), join(tools, 'calls')];
    const { path: sh, programs } = this.shell;
    program(
      join(tools, 'sleep'),
      `printf '%s\\n' "$1" >>${waits}\nset -- "$1" "$(wc -l <${waits})"\n${instead}`,
    );
    const curl = whereIs('curl') ?? 'curl';
    program(
      join(tools, 'curl'),
      `printf '%s ' "$@" | tr '\\n' ' ' >>${calls}\necho >>${calls}\n${beforeCurl}\nexec ${curl} "$@" ${curlOptions}`,
    );
    writeFileSync(join(tools, 'upload.sh'), this.script);
    const value = typeof token === 'string' ? token : token?.value;
    const line = [sh, join(tools, 'upload.sh'), ...files];
    const [command = '', ...args] = atTerminal
      ? ['script', '-qefc', line.map((word) => `'${word}'`).join(' '), '/dev/null']
      : line;
    const child = spawn(whereIs(command) ?? command, args, {
      cwd: this.path,
      detached: true,
      env: {
        PATH: `${tools}:${programs}`,
        TMPDIR: this.temporary,
        ...(value === undefined ? {} : { UPLOAD_TOKEN: value }),
        ...env,
      },
      stdio: 'pipe',
    });
    child.stdin.on('error', () => undefined);
    if (!atTerminal) child.stdin.end();
    const killAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    afterFile(killAll);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const closed = once(child, 'close') as Promise<[number | null]>;
    return {
      ended: closed.then(([code]) => ({
        code,
        stdout,
        stderr,
        waits: linesOf(waits).map(Number),
        calls: linesOf(calls),
      })),
      says: (pattern) => eventually(() => expect(stdout + stderr).toMatch(pattern)),
      type: (text) => void child.stdin.write(text),
      kill: async () => {
        killAll();
        await closed;
      },
    };
  }
}

/** It ended well; otherwise the failing test shows what it said. */
export const expectSuccess = ({ code, stdout, stderr }: ScriptEnded): void => {
  expect({ code, said: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, said: '' });
};

/** What the receipts say, one for each file. */
export const receiptsIn = (stdout: string): Readonly<Record<string, string>>[] =>
  [...stdout.matchAll(/^(.*) was received\.\n((?: {2}\S+ +.+\n)+)/gm)].map(
    ([, name = '', fields = '']) => {
      const receipt: Record<string, string> = { name };
      for (const [, field = '', value = ''] of fields.matchAll(/^ {2}(\S+) +(.+)$/gm))
        receipt[field] = value;
      return receipt;
    },
  );
