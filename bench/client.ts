import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { generateSync } from 'otplib';

const MiB = 1024 ** 2;
/** A megabyte of noise in so many: enough to tell the bytes apart, and the source takes next to no disk. */
const noiseEvery = 64 * MiB;

/** A file of this size, nearly all of it a hole that costs nothing to read. */
export const writeSource = (path: string, bytes: number): void => {
  const file = openSync(path, 'w', 0o600);
  ftruncateSync(file, bytes);
  for (let at = 0; at + MiB <= bytes; at += noiseEvery)
    writeSync(file, randomBytes(MiB), 0, MiB, at);
  closeSync(file);
};

/** Runs curl: the customer's client, and one whose own work is not the measured process's. @throws Error */
export const curl = async (...args: string[]): Promise<string> => {
  const child = spawn('curl', ['-sS', '--fail-with-body', '--noproxy', '*', ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`curl ended with ${String(code)}: ${output}`);
  return output;
};

/** The API as a signed-in admin. */
export class Admin {
  private cookie = '';

  constructor(private readonly base: string) {}

  /** Signs in and enrols a second factor, which also proves it. */
  async signIn(username: string, password: string): Promise<void> {
    await this.send('POST', '/auth/login', { username, password });
    const { secret } = await this.send<{ secret: string }>('POST', '/auth/totp', {});
    await this.send('POST', '/auth/totp/confirm', { code: generateSync({ secret }) });
  }

  /** For curl. */
  get cookieHeader(): string {
    return `Cookie: ${this.cookie}`;
  }

  async send<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.base}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', cookie: this.cookie },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    this.cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? this.cookie;
    return (text ? JSON.parse(text) : null) as Answer;
  }
}
