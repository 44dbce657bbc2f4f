import { Readable } from 'node:stream';
import { send } from './http.js';
import type { Answer } from './http.js';

export interface Uploading {
  /** The file's name, as the customer sends it. */
  readonly name?: string;
  readonly bytes?: Buffer | string | Readable;
  /** The three one-request ways in. */
  readonly way?: 'form' | 'put' | 'post';
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Fields of the form that come before the file. */
  readonly fields?: Readonly<Record<string, string>>;
}

export const boundary = 'logs-collector-test-boundary';

const field = (name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

/** A form as curl -F sends it. */
export async function* formOf(
  name: string,
  bytes: AsyncIterable<Buffer | string>,
  fields: Readonly<Record<string, string>> = {},
): AsyncIterable<Buffer | string> {
  yield Object.entries(fields)
    .map((entry) => field(...entry))
    .join('');
  // As browsers and curl escape it (WHATWG HTML, multipart/form-data).
  const escaped = name.replace(/["\r\n]/g, (sign) => encodeURIComponent(sign));
  yield `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped}"\r\n`;
  yield 'Content-Type: application/octet-stream\r\n\r\n';
  yield* bytes;
  yield `\r\n--${boundary}--\r\n`;
}

/** Uploads one file as a customer does. @param url the service's */
export const upload = (
  url: string,
  token: string | { readonly value: string } | null,
  {
    name = 'logs.tgz',
    bytes = 'some logs',
    way = 'form',
    headers = {},
    fields = {},
  }: Uploading = {},
): Promise<Answer> => {
  const value = typeof token === 'string' ? token : token?.value;
  const all = { ...(value === undefined ? {} : { 'Upload-Token': value }), ...headers };
  if (way !== 'form')
    return send(`${url}/api/v1/archives/${encodeURIComponent(name)}`, {
      method: way.toUpperCase(),
      headers: all,
      body: bytes,
    });
  const source = bytes instanceof Readable ? bytes : Readable.from([Buffer.from(bytes)]);
  return send(`${url}/api/v1/archives`, {
    method: 'POST',
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, ...all },
    body: Readable.from(formOf(name, source, fields), { objectMode: false }),
  });
};

/** Sends a form with a file part of each of these names. */
export const sendParts = (
  url: string,
  token: { readonly value: string },
  names: readonly string[],
): Promise<Answer> => {
  const parts = names.map(
    (name) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="a"\r\n\r\nlogs\r\n`,
  );
  return send(`${url}/api/v1/archives`, {
    method: 'POST',
    headers: {
      'Upload-Token': token.value,
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
    },
    body: `${parts.join('')}--${boundary}--\r\n`,
  });
};
