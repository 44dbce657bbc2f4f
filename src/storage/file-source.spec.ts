import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobDamaged } from './blob-store.js';
import type { ByteRange } from './blob-store.js';
import { FileSource, sendBytes } from './file-source.js';

const MiB = 1024 ** 2;
/** More than the system's socket buffers hold, so that bytes wait in the process. */
const size = 48 * MiB;

/** Bytes of which no two blocks of a read's size look alike. */
const content = Buffer.alloc(size);
for (let at = 0; at < size; at += 4096) content.writeUInt32LE(at + 1, at);

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a file that is sent as an answer', () => {
  let folder: string;
  let path: string;
  let server: Server;
  let source: FileSource;
  let answer: ServerResponse;
  let failure: Error | null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-source-'));
    path = join(folder, 'file');
    writeFileSync(path, content);
    failure = null;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** @returns the answer's beginning; nobody reads its bytes yet */
  const asked = async (range: ByteRange): Promise<IncomingMessage> => {
    const file = await open(path, 'r');
    source = new FileSource(file, range);
    server = createServer((_req, res) => {
      answer = res;
      res.setHeader('Content-Length', range.last - range.first + 1);
      res.once('close', () => source.destroy());
      source.on('error', (cause) => {
        failure = cause;
        res.destroy();
      });
      sendBytes(source, res);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const req = get({ port: (server.address() as AddressInfo).port, agent: false });
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    return res;
  };

  const received = async (res: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of res) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  /** Until both buffers wait for a client that reads nothing. */
  const stalled = async (): Promise<void> => {
    let before = 0;
    do {
      before = answer.writableLength;
      // Enough turns for a read to end, if one were under way.
      for (let turn = 0; turn < 200; turn += 1) await new Promise((next) => setImmediate(next));
    } while (!answer.writableEnded && (before === 0 || answer.writableLength !== before));
  };

  it.each([
    { first: 0, last: size - 1 },
    { first: 1, last: size - 2 },
  ])('comes whole to a client that keeps it waiting: $first to $last', async (range) => {
    const res = await asked(range);
    const bytes: Buffer[] = [];
    let since = 0;
    await stalled();
    for await (const chunk of res as AsyncIterable<Buffer>) {
      bytes.push(chunk);
      since += chunk.length;
      if (since < 8 * MiB) continue;
      since = 0;
      await stalled();
    }
    const got = Buffer.concat(bytes);
    expect(got.length).toBe(range.last - range.first + 1);
    expect(digestOf(got)).toBe(digestOf(content.subarray(range.first, range.last + 1)));
  });

  it('never holds more than two buffers for a client that reads nothing', async () => {
    const res = await asked({ first: 0, last: size - 1 });
    await stalled();
    expect(answer.writableLength).toBeGreaterThan(0);
    // The answer's head besides.
    expect(answer.writableLength).toBeLessThan(MiB + 4096);
    res.destroy();
  });

  it.each([
    { first: 0, last: 0 },
    { first: 4096, last: 4103 },
    { first: MiB / 2 - 1, last: MiB / 2 },
    { first: 3, last: MiB / 2 + 3 },
    { first: size - 1, last: size - 1 },
  ])('sends bytes $first to $last', async (range) => {
    const got = await received(await asked(range));
    expect(got.equals(content.subarray(range.first, range.last + 1))).toBe(true);
    if (!source.closed) await once(source, 'close');
  });

  it('closes the file when the client leaves in the middle', async () => {
    const res = await asked({ first: 0, last: size - 1 });
    await stalled();
    res.destroy();
    if (!source.closed) await once(source, 'close');
    expect(failure).toBeNull();
  });

  it('breaks off, and never just ends, where bytes went missing', async () => {
    truncateSync(path, 20 * MiB);
    const res = await asked({ first: 0, last: size - 1 });
    await expect(received(res)).rejects.toThrow('aborted');
    expect(failure).toBeInstanceOf(BlobDamaged);
  });
});
