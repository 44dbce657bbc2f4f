import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';

const version = { 'Tus-Resumable': '1.0.0' };

/** One request of a part of the file. @throws Error where it is not 204 */
const patch = async (
  url: URL,
  proof: readonly [string, string],
  source: string,
  first: number,
  length: number,
): Promise<Headers> => {
  const req = request(url, {
    method: 'PATCH',
    headers: {
      ...version,
      [proof[0]]: proof[1],
      'Upload-Offset': String(first),
      'Content-Type': 'application/offset+octet-stream',
      'Content-Length': String(length),
    },
  });
  const answered = new Promise<Headers>((resolve, reject) => {
    req.once('error', reject).once('response', (res) => {
      res.resume();
      if (res.statusCode === 204) resolve(new Headers(res.headers as Record<string, string>));
      else reject(new Error(`PATCH: ${res.statusCode ?? ''}`));
    });
  });
  const part = createReadStream(source, {
    start: first,
    end: first + length - 1,
    highWaterMark: 1024 ** 2,
  });
  await pipeline(part, req);
  return answered;
};

/** A whole resumable upload in requests of so many bytes. @returns the archive, as the other ways answer */
export const sendByTus = async (
  base: string,
  proof: string,
  source: string,
  bytes: number,
  patchBytes: number,
): Promise<string> => {
  const [name = '', value = ''] = proof.split(': ');
  const begun = await fetch(`${base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...version,
      [name]: value,
      'Upload-Length': String(bytes),
      'Upload-Metadata': `filename ${Buffer.from('bench.bin').toString('base64')}`,
    },
  });
  if (begun.status !== 201) throw new Error(`POST: ${begun.status}`);
  const url = new URL(begun.headers.get('location') ?? '', base);
  let id = '';
  for (let at = 0; at < bytes; at += patchBytes)
    id =
      (await patch(url, [name, value], source, at, Math.min(patchBytes, bytes - at))).get(
        'archive-id',
      ) ?? '';
  return JSON.stringify({ id });
};
