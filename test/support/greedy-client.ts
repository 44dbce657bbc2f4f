import { connect } from 'node:net';

export interface Poured {
  /** Bytes of the body that the system took from us. */
  readonly taken: number;
  /** Everything that the service answered. */
  readonly text: string;
}

const pieceBytes = 64 * 1024;

/**
 * Sends a head and then a body as fast as the service takes it, whatever the service answers, until the connection is
 * closed or `total` bytes went: how much it took shows whether it stopped reading.
 * The buffers of the system take some megabytes of their own.
 */
export const pour = (url: string, head: string, total: number): Promise<Poured> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const isChunked = /^transfer-encoding: chunked$/im.test(head);
    const piece = Buffer.alloc(pieceBytes, 'x');
    const framed = isChunked
      ? Buffer.concat([Buffer.from(`${pieceBytes.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
      : piece;
    let [taken, text] = [0, ''];
    const pourOn = (): void => {
      if (socket.destroyed) return;
      if (taken >= total) {
        socket.end();
        return;
      }
      socket.write(framed, (cause) => {
        if (cause) return;
        taken += pieceBytes;
        pourOn();
      });
    };
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    // The service closes on us; what it said before counts.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve({ taken, text }));
    socket.setTimeout(20_000, () => reject(new Error(`nothing moves; taken ${taken}: ${text}`)));
    socket.once('connect', () => socket.write(head, pourOn));
  });
