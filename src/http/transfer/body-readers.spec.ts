import { PassThrough, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import { formBody } from './body-readers.js';
import { MultipartMalformed } from './transfer.errors.js';

const head = [
  '--b',
  'Content-Disposition: form-data; name="file"; filename="logs.tgz"',
  'Content-Type: application/octet-stream',
  '',
  '',
].join('\r\n');

/** Feeds a form in exactly these pieces, as the network may cut it, and returns how many bytes of the file came. */
const read = async (
  pieces: readonly (string | Buffer)[],
  open?: () => Promise<Writable>,
): Promise<number> => {
  const req = Object.assign(new PassThrough(), {
    headers: { 'content-type': 'multipart/form-data; boundary=b', 'transfer-encoding': 'chunked' },
  });
  let taken = 0;
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      taken += chunk.length;
      done();
    },
  });
  const reading = formBody(
    req as unknown as Request,
    {} as Response,
    new AbortController().signal,
    open ?? (() => Promise.resolve(sink)),
  );
  // It may be refused while we still write.
  reading.catch(() => undefined);
  for (const piece of pieces) {
    req.write(piece);
    await new Promise(setImmediate);
  }
  req.end();
  await reading;
  return taken;
};

describe('a form, however the network cuts it', () => {
  const file = Buffer.alloc(300_000, 'x');
  const end = '\r\n--b--\r\n';

  it.each([
    ['in one piece', [Buffer.concat([Buffer.from(head), file, Buffer.from(end)])]],
    ['its head alone, then everything', [head, Buffer.concat([file, Buffer.from(end)])]],
    [
      'half its head, then everything',
      [head.slice(0, 30), `${head.slice(30)}${file.toString()}${end}`],
    ],
    ['its last boundary apart', [head, file, end.slice(0, 5), end.slice(5)]],
  ])('%s', async (_how, pieces) => {
    expect(await read(pieces)).toBe(300_000);
  });

  it('is refused where too much comes before its file', async () => {
    const noise = Array.from({ length: 10 }, () => Buffer.alloc(16_384, '-'));
    await expect(read([...noise, head, file, end])).rejects.toThrow(MultipartMalformed);
  });

  it('is not called malformed where something else failed', async () => {
    const gone = new Error('the database is gone');
    await expect(read([head, file, end], () => Promise.reject(gone))).rejects.toBe(gone);
    const full = new Error('the disk is full');
    const sink = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    await expect(read([head, file, end], () => Promise.resolve(sink))).rejects.toBe(full);
  });

  it('is refused where its end is missing', async () => {
    await expect(read([head, file])).rejects.toThrow(MultipartMalformed);
    await expect(read([`s\r\n--b--\r\n--bX: y\r\n\r\nx\r\n${head}bytes`])).rejects.toThrow(
      MultipartMalformed,
    );
  });
});
