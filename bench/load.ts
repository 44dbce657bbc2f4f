import { createConnection } from 'node:net';
import type { Socket } from 'node:net';

/** One request after another on one connection; as little work as may be, since it shares the machine with the server. */
class Connection {
  private head = '';
  private left = 0;
  private settle: { resolve: (status: number) => void; reject: (cause: Error) => void } | null =
    null;
  private status = 0;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('error', (cause) => this.settle?.reject(cause));
    socket.on('close', () => this.settle?.reject(new Error('the connection was closed')));
  }

  static async to(url: URL): Promise<Connection> {
    const socket = createConnection(Number(url.port), url.hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Connection(socket);
  }

  /** @returns the status, when the answer's last byte has come */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.socket.write(request);
    });
  }

  end(): void {
    this.settle = null;
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    if (this.left > 0) this.left -= chunk.length;
    else {
      this.head += chunk.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.status = Number(this.head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.head)?.[1];
      if (length === undefined && this.status !== 204)
        this.settle?.reject(new Error(`no length in ${this.head.slice(0, end)}`));
      this.left = Number(length ?? 0) - (this.head.length - end - 4);
      this.head = '';
    }
    if (this.left > 0) return;
    const { settle } = this;
    this.settle = null;
    settle?.resolve(this.status);
  }
}

/** The bytes of a request with these headers besides Host. */
export const requestBytes = (
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer = Buffer.of(),
): Buffer => {
  const lines = Object.entries({
    Host: url.host,
    ...(body.length > 0 ? { 'Content-Length': String(body.length) } : {}),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
};

/**
 * So many clients, each on a connection that it keeps, send the requests that they are given until there are no more.
 * @param next gives the next request; null ends the client
 * @returns milliseconds of each
 * @throws Error where one is not answered with the status
 */
export const load = async (
  url: URL,
  clients: number,
  status: number,
  next: (client: number) => Buffer | null,
): Promise<number[]> => {
  const took: number[] = [];
  const client = async (at: number): Promise<void> => {
    const connection = await Connection.to(url);
    try {
      for (let request = next(at); request; request = next(at)) {
        const begun = performance.now();
        const answered = await connection.send(request);
        took.push(performance.now() - begun);
        if (answered !== status) throw new Error(`${url.href}: answered ${answered}`);
      }
    } finally {
      connection.end();
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, at) => client(at)));
  return took;
};

/** Gives the same request so many times, to all clients together. */
export const times = (count: number, request: Buffer): (() => Buffer | null) => {
  let left = count;
  return () => (left-- > 0 ? request : null);
};
