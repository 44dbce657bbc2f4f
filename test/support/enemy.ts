import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { eventually } from './eventually.js';
import type { Given } from './given.js';
import { expectProblem, rawSocket, send } from './http.js';
import type { Answer } from './http.js';
import { spawnedService } from './program.js';
import type { Program } from './program.js';
import { storedFiles } from './store-files.js';

/** One answer as it stood on the line. */
export interface RawAnswer extends Pick<Answer, 'status' | 'text'> {
  /** Each field as often as it came, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Grammar of a field line (RFC 9112, section 5), which no injected line break or NUL passes. */
const fieldPattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t\x20-\x7e\x80-\xff]*)$/;

const unchunked = (text: string): { readonly body: string; readonly rest: string } => {
  let [body, rest] = ['', text];
  for (;;) {
    const [line = '', size = ''] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (line === '') throw new Error(`no chunk begins here: ${rest.slice(0, 200)}`);
    const length = parseInt(size, 16);
    body += rest.slice(line.length, line.length + length);
    rest = rest.slice(line.length + length + 2);
    if (length === 0) return { body, rest };
  }
};

/** Reads what came over a connection as a strict client would. @throws Error where it is no row of whole answers */
const answersIn = (text: string, method = 'GET'): readonly RawAnswer[] => {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e]*$/.exec(first)?.[1]);
    if (end < 0 || Number.isNaN(status)) throw new Error(`no answer begins here: ${rest}`);
    const fields = lines.map((line) => {
      const [, name, value] = fieldPattern.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no field: ${line}`);
      return [name.toLowerCase(), value] as const;
    });
    const field = new Map(fields);
    const after = rest.slice(end + 4);
    const isBare = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const length = isBare ? 0 : Number(field.get('content-length') ?? NaN);
    const { body, rest: next } =
      field.get('transfer-encoding') === 'chunked' && !isBare
        ? unchunked(after)
        : { body: after.slice(0, length), rest: after.slice(length) };
    if (!isBare && !field.has('transfer-encoding') && body.length !== length)
      throw new Error(`${body.length} bytes of ${length} came: ${rest}`);
    rest = next;
    answers.push({ status, fields, text: Buffer.from(body, 'latin1').toString('utf8') });
  }
  return answers;
};

/**
 * Sends these bytes on a connection of their own.
 * @param then what the client does next: it waits, or closes its side, for what ends early. Trap: Node then closes, too,
 * and an answer that is not there yet never comes
 * @returns all answers; none where the service closed without one. A connection that stays open fails the test
 */
export const provoke = async (
  url: string,
  bytes: Buffer | string,
  then: 'wait' | 'close' = 'wait',
): Promise<RawAnswer[]> => {
  const socket = await rawSocket(url);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (then === 'close') socket.end();
  const method = /^[A-Z]+/.exec(bytes.toString('latin1', 0, 10))?.[0];
  return [...answersIn(await socket.closed(), method)];
};

/** Checks that one problem, and nothing else, was the answer. @param code the only one that fits, where one does */
export const expectRefused = (answers: readonly RawAnswer[], code?: ErrorCode): ErrorCode => {
  expect(answers).toHaveLength(1);
  const [{ status, fields, text } = { status: 0, fields: [], text: '' }] = answers;
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  const headers = Object.fromEntries(fields);
  const told = code ?? (JSON.parse(text) as { code: ErrorCode }).code;
  expectProblem({ status, headers, text }, told);
  return told;
};

/** What a service holds, which no enemy may make more. */
export interface Holdings {
  /** In the store, finished or partial. */
  readonly files: readonly string[];
  /** Open files, pipes and the like, less the database's own connections. */
  readonly descriptors: readonly string[];
  /** Of clients. */
  readonly connections: number;
}

const descriptorsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });

const connectionsAt = (url: string, sockets: ReadonlySet<string>): number => {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readFileSync(table, 'utf8').trim().split('\n').slice(1),
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(`:${port}`) && state !== '0A')
    .filter((columns) => sockets.has(`socket:[${columns[9] ?? ''}]`)).length;
};

/** The program in a process of its own, with what an enemy may not change about it. */
export interface Besieged extends Program {
  readonly url: string;
  readonly given: Given;
  holdings(): Holdings;
  /**
   * Checks that it is the same process, holds what it held then, answers, and blames itself for nothing.
   * @param then files are not compared where they are left out
   */
  expectUnmoved(then: Omit<Holdings, 'files'> & Partial<Holdings>): Promise<void>;
}

/** Token locks and rates are out of the way: what is asked here is what one request can do. */
export const besieged = async (env: Readonly<Record<string, string>> = {}): Promise<Besieged> => {
  const service = await spawnedService({ TOKEN_MAX_FAILURES: '1000000', ...env });
  const { pid, url, place, log } = service;
  let hasEnded = false;
  void service.ended.then(() => (hasEnded = true));
  const holdings = (): Holdings => {
    const held = descriptorsOf(pid);
    const isOwn = (target: string) => !target.startsWith('socket:') && !target.includes('/probe-');
    return {
      files: storedFiles(place),
      descriptors: held.filter(isOwn).sort(),
      connections: connectionsAt(url, new Set(held)),
    };
  };
  return {
    ...service,
    holdings,
    expectUnmoved: async (then) => {
      // A partial file goes, and a connection ends, soon after the answer.
      await eventually(() => {
        const { connections, files, descriptors } = holdings();
        expect(descriptors).toEqual(then.descriptors);
        if (then.files) expect(files).toEqual(then.files);
        // Those of friends end by themselves.
        expect(connections).toBeLessThanOrEqual(then.connections);
      });
      expect(await send(`${url}/health/live`, { method: 'GET' })).toMatchObject({ status: 200 });
      expect({ hasEnded, stderr: service.stderr() }).toEqual({ hasEnded: false, stderr: '' });
      expect(log.events('http.failed')).toEqual([]);
    },
  };
};
