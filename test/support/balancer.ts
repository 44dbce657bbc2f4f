import { createServer, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterFile } from './cleaning.js';
import { forwarded } from './forwarded.js';

/** What an operator has before several replicas: nothing buffered, nobody sticky, and it says who the client is. */
export interface Balancer {
  /** Without a slash at its end. */
  readonly url: string;
  /** Requests that each replica was given, by its address. */
  readonly given: ReadonlyMap<string, number>;
  /** Requests that a replica broke off after it had been given them. */
  readonly broken: readonly string[];
}

/** What its replicas need so that they believe it. */
export const behindBalancer = { TRUSTED_PROXIES: '127.0.0.1/32' } as const;

const isReady = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    get(`${url}/health/ready`, { agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    }).once('error', () => resolve(false));
  });

const clientsOf = ({ headers, socket }: IncomingMessage): string =>
  [headers['x-forwarded-for'] ?? [], socket.remoteAddress ?? ''].flat().join(', ');

/** Gives each request to the next replica that is ready, and 503 where none is. */
export const balancer = async (replicas: readonly string[]): Promise<Balancer> => {
  const given = new Map(replicas.map((url) => [url, 0]));
  const broken: string[] = [];
  let turn = 0;
  const next = async (): Promise<string | null> => {
    const first = turn++ % replicas.length;
    for (const url of [...replicas.slice(first), ...replicas.slice(0, first)])
      if (await isReady(url)) return url;
    return null;
  };
  const server = createServer((req, res) => {
    void next().then((url) => {
      if (url === null) return res.writeHead(503).end('no replica is ready');
      given.set(url, (given.get(url) ?? 0) + 1);
      const onward = forwarded(req, res, url, { 'X-Forwarded-For': clientsOf(req) });
      const told = (cause: unknown): void => {
        // Refused: it had not begun. After the answer it may close on a body that it did not want.
        if (!String(cause).includes('ECONNREFUSED') && !res.writableEnded && !res.destroyed)
          broken.push(`${req.method} ${req.url}: ${String(cause)}`);
      };
      onward.once('error', told);
      onward.once('response', (answer) =>
        answer.once('error', (cause) => {
          told(cause);
          res.destroy();
        }),
      );
      return req.pipe(onward);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  afterFile(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, given, broken };
};
