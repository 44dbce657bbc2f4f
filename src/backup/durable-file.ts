import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newDigest } from '../secrets/digest.js';
import type { Digest } from '../secrets/digest.js';
import { FileSink } from '../storage/file-sink.js';
import { syncFolder } from '../storage/file-tree.js';

/** A file as its manifest names it. */
export interface Written {
  readonly size: number;
  readonly sha256: string;
}

/** Feeds the digest as bytes pass. */
export const digested = (digest: Digest) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of chunks) {
      digest.update(chunk);
      yield chunk;
    }
  };

/** Writes a new file for its owner alone; when it resolves, its bytes are durable, and its name once the folder is synced. */
export const writeDurably = async (
  path: string,
  source: AsyncIterable<string> | Iterable<string>,
  { through, signal }: { readonly through?: Duplex; readonly signal?: AbortSignal } = {},
): Promise<Written> => {
  const digest = newDigest();
  const file = await open(path, 'wx', 0o600);
  const sink = new FileSink(file.fd);
  try {
    const bytes = Readable.from(source, { objectMode: false });
    const options = { signal };
    if (through) await pipeline(bytes, through, digested(digest), sink, options);
    else await pipeline(bytes, digested(digest), sink, options);
    await file.sync();
    const { size } = await file.stat();
    return { size, sha256: digest.digest('hex') };
  } finally {
    // A write may be under way on this descriptor: closing it now could write into another file.
    await sink.settled;
    await file.close();
  }
};

export const writeTextDurably = (path: string, text: string): Promise<Written> =>
  writeDurably(path, [text]);

/** The name comes with the whole of the text or not at all, and is durable when it resolves. */
export const publishText = async (path: string, text: string): Promise<void> => {
  const aside = `${path}.part`;
  await writeTextDurably(aside, text);
  await rename(aside, path);
  await syncFolder(dirname(path));
};

/** Whether the file still is what was written. */
export const isAsWritten = async (path: string, { sha256 }: Written): Promise<boolean> => {
  const digest = newDigest();
  try {
    for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  } catch {
    return false;
  }
  return digest.digest('hex') === sha256;
};
