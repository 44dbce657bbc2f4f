import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { DefaultHttpStack, Upload } from 'tus-js-client';
import type { UploadOptions } from 'tus-js-client';
import type { Place } from './database.js';
import { eventually } from './eventually.js';
import { send } from './http.js';
import type { Answer } from './http.js';
import { partialSize } from './store-files.js';
import { underWay } from './upload-under-way.js';
import type { UnderWay } from './upload-under-way.js';

export type Headers = Readonly<Record<string, string | number>>;

export const bytesType = 'application/offset+octet-stream';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** `Upload-Checksum` of one request's bytes (tus 1.0.0, "Checksum"). */
export const checksumOf = (bytes: Buffer | string): string =>
  `sha256 ${createHash('sha256').update(bytes).digest('base64')}`;

export interface Creating {
  /** null where it is declared later. */
  readonly length?: number | null;
  /** null for an upload without metadata. */
  readonly name?: string | null;
  readonly headers?: Headers;
  /** Bytes that come with the creation. */
  readonly body?: Buffer | Readable;
}

/** The requests of tus 1.0.0, one at a time. An upload is called by its path, which outlives a service's address. */
export interface TusRequests {
  create(creating?: Creating): Promise<Answer>;
  /** Creates it, which must succeed, and gives its path. */
  begun(creating?: Creating): Promise<string>;
  head(path: string, headers?: Headers): Promise<Answer>;
  /** What HEAD says, which must answer. */
  offset(path: string): Promise<number>;
  patch(
    path: string,
    offset: number | string | null,
    body: Buffer | string | Readable,
    headers?: Headers,
  ): Promise<Answer>;
  remove(path: string, headers?: Headers): Promise<Answer>;
}

const version = { 'Tus-Resumable': '1.0.0' };

/** @param token null for a client that has forgotten it */
export const tus = (
  url: string,
  token: { readonly value: string } | string | null,
): TusRequests => {
  const value = typeof token === 'string' ? token : token?.value;
  const common = { ...version, ...(value === undefined ? {} : { 'Upload-Token': value }) };
  const requests: TusRequests = {
    create: ({ length = 1000, name = 'logs.tgz', headers = {}, body } = {}) =>
      send(`${url}/api/v1/uploads`, {
        method: 'POST',
        headers: {
          ...common,
          ...(length === null ? { 'Upload-Defer-Length': 1 } : { 'Upload-Length': length }),
          ...(name === null ? {} : { 'Upload-Metadata': `filename ${base64(name)}` }),
          ...(body ? { 'Content-Type': bytesType } : {}),
          ...headers,
        },
        ...(body ? { body } : {}),
      }),
    begun: async (creating) => {
      const { status, headers, text } = await requests.create(creating);
      expect({ status, text }).toEqual({ status: 201, text: '' });
      return String(headers.location);
    },
    head: (path, headers = {}) =>
      send(url + path, { method: 'HEAD', headers: { ...common, ...headers } }),
    offset: async (path) => {
      const answer = await requests.head(path);
      expect(answer).toMatchObject({ status: 200 });
      return Number(answer.headers['upload-offset']);
    },
    patch: (path, offset, body, headers = {}) =>
      send(url + path, {
        method: 'PATCH',
        headers: {
          ...common,
          'Content-Type': bytesType,
          ...(offset === null ? {} : { 'Upload-Offset': offset }),
          ...headers,
        },
        body,
      }),
    remove: (path, headers = {}) =>
      send(url + path, { method: 'DELETE', headers: { ...common, ...headers } }),
  };
  return requests;
};

/** The archive that the finishing answer, or a HEAD after it, names. */
export const archiveOf = ({ headers }: Pick<Answer, 'headers'>): string => {
  const id = headers['archive-id'];
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  return String(id);
};

export const idOf = (path: string): string => path.split('/').at(-1) ?? '';

/**
 * A PATCH whose bytes come when the story says so. Resolves when its first bytes are on the disk: to ask by HEAD
 * would end it.
 */
export const patchUnderWay = async (
  place: Pick<Place, 'dataDir'>,
  { patch }: TusRequests,
  path: string,
  offset: number,
  first: Buffer | string,
  headers: Headers = {},
): Promise<UnderWay> => {
  const source = new PassThrough();
  const answer = patch(path, offset, source, headers);
  answer.catch(() => undefined);
  source.write(first);
  const early = answer.then(({ status, text }) => {
    throw new Error(`answered ${status} before it was sent: ${text}`);
  });
  early.catch(() => undefined);
  const size = offset + Buffer.from(first).length;
  const begun = eventually(() => expect(partialSize(place, idOf(path))).toBe(size));
  await Promise.race([begun, early]);
  return underWay(source, answer);
};

/** What the real client did. */
export interface Delivered {
  /** The path of the last upload that it made. */
  readonly path: string;
  readonly archiveId: string;
  readonly reprDigest: string;
  /** `POST 201`, `PATCH 204`, or `PATCH` alone where the answer never came. */
  readonly requests: readonly string[];
}

export type ClientWishes = Omit<
  UploadOptions,
  'endpoint' | 'httpStack' | 'onSuccess' | 'onError' | 'onBeforeRequest' | 'onAfterResponse'
>;

/** Delays of tus-js-client for a line that breaks often and is there again at once. */
export const quickRetries = Array.from({ length: 100 }, () => 20);

/**
 * Uploads with tus-js-client as its users do; rejects with its error where it gives up.
 * @param file a Buffer, or a stream of fs.createReadStream, or any other stream where `uploadLengthDeferred`
 */
export const uploadWithTusClient = async (
  url: string,
  token: { readonly value: string },
  file: Buffer | Readable,
  { headers = {}, metadata = { filename: 'logs.tgz' }, ...wishes }: ClientWishes = {},
): Promise<Delivered> => {
  const agent = new Agent({ keepAlive: true });
  const requests: string[] = [];
  try {
    return await new Promise<Delivered>((resolve, reject) => {
      const upload = new Upload(file, {
        retryDelays: quickRetries,
        ...wishes,
        metadata,
        endpoint: `${url}/api/v1/uploads`,
        headers: { 'Upload-Token': token.value, ...headers },
        httpStack: new DefaultHttpStack({ agent }),
        onBeforeRequest: (req) => void requests.push(req.getMethod()),
        // One request at a time: the answer is that of the last one.
        onAfterResponse: (req, res) =>
          void requests.splice(-1, 1, `${req.getMethod()} ${res.getStatus()}`),
        onError: reject,
        onSuccess: ({ lastResponse }) =>
          resolve({
            path: new URL(upload.url ?? '', url).pathname,
            archiveId: lastResponse.getHeader('Archive-Id') ?? '',
            reprDigest: lastResponse.getHeader('Repr-Digest') ?? '',
            requests,
          }),
      });
      upload.start();
    });
  } finally {
    agent.destroy();
  }
};
