import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** Of a file that is sent bit by bit: how often. */
const sendEveryMs = 250;

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** From the first byte of the request to the answer. */
  readonly seconds: number;
}

export interface Asking {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
}

/** Gives pieces of a body as the line would let them through. */
export type Pieces = () => AsyncIterable<Buffer>;

export const later = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export const seconds = (sinceMs: number): number => (performance.now() - sinceMs) / 1000;

/** One request whose body comes as `pieces` gives it; the answer counts, whenever it comes. */
export const ask = async (
  url: string,
  { method, headers }: Asking,
  pieces?: Pieces,
): Promise<Answered> => {
  const begun = performance.now();
  const req = request(url, { method, headers, agent: false });
  const answer = new Promise<Answered>((resolve, reject) => {
    req.once('error', reject);
    req.once('response', (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => (text += part));
      res.once('error', reject);
      res.once('end', () => {
        const { statusCode: status = 0, headers: answered } = res;
        resolve({ status, headers: answered, text, seconds: seconds(begun) });
        req.destroy();
      });
    });
  });
  const over = { isAnswered: false };
  const end = (): void => {
    over.isAnswered = true;
  };
  answer.then(end, end);
  for await (const piece of pieces?.() ?? []) {
    if (over.isAnswered || req.destroyed) break;
    if (!req.write(piece)) await Promise.race([once(req, 'drain'), answer]);
  }
  req.end();
  return answer;
};

/** The bytes, spread evenly over the time. */
export const steadily = (bytes: Buffer, forSeconds: number): Pieces =>
  async function* () {
    const begun = performance.now();
    for (let sent = 0; sent < bytes.length;) {
      await later(sendEveryMs);
      const due = Math.min(1, seconds(begun) / forSeconds);
      const until = Math.floor(bytes.length * due);
      if (until > sent) yield bytes.subarray(sent, until);
      sent = until;
    }
  };

/** The bytes at once, and then nothing for so long. */
export const stalling = (bytes: Buffer, forSeconds: number): Pieces =>
  async function* () {
    yield bytes;
    // In turns, so that the answer ends it.
    for (let turn = 0; turn < 4 * forSeconds; turn += 1) {
      await later(sendEveryMs);
      yield Buffer.alloc(0);
    }
  };

/** The bytes as fast as they are taken. */
export const atOnce = (bytes: Buffer): Pieces =>
  async function* () {
    await Promise.resolve();
    yield bytes;
  };

/** A form with one file. */
export const inForm = (
  boundary: string,
  name: string,
  pieces: Pieces,
): { readonly headers: Readonly<Record<string, string>>; readonly pieces: Pieces } => ({
  headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  pieces: async function* () {
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`,
    );
    yield* pieces();
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  },
});
