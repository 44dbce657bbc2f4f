import { createReadStream, existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterFile } from './cleaning.js';
import { tempFolder } from './temp-folder.js';

export const bucketName = 'archives';

/** What of the server the requests are made of that it lacks. */
interface Context {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  status: number;
  body: unknown;
  type: string;
}
interface Files {
  getResourcePath(bucket: string, key: string | undefined, resource: string): string;
  getObject(bucket: string, key: string, options?: { readonly end?: unknown }): Promise<unknown>;
  putPart(
    bucket: string,
    uploadId: string,
    number: string,
    content: NodeJS.ReadableStream,
  ): Promise<{ readonly md5: string }>;
}

const failed = (ctx: Context, status: number, code: string): void => {
  ctx.status = status;
  ctx.type = 'application/xml';
  ctx.body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message/></Error>`;
};

/**
 * What s3rver leaves out of the protocol and the driver needs: AbortMultipartUpload, UploadPartCopy, a refusal of
 * parts that are too small or of an upload that is gone, and a range of the first byte alone.
 */
const completed = (server: S3rver): void => {
  const files = server.store as Files;
  const uploadOf = (id: string) =>
    join(files.getResourcePath(bucketName, undefined, 'uploads'), id);
  const getObject = files.getObject.bind(files);
  // It takes a last byte of 0 for none; an object is not falsy.
  files.getObject = (bucket, key, options) =>
    getObject(
      bucket,
      key,
      options?.end === 0 ? { ...options, end: Object(0) as unknown } : options,
    );
  server.middleware.unshift(async (given: never, next) => {
    const ctx = given as Context;
    const { uploadId, partNumber } = ctx.query;
    if (uploadId === undefined) return next();
    const upload = uploadOf(uploadId);
    if (!existsSync(upload)) return failed(ctx, 404, 'NoSuchUpload');
    if (ctx.method === 'DELETE') {
      await rm(upload, { recursive: true });
      ctx.status = 204;
      return;
    }
    if (ctx.method === 'POST') {
      const sizes = readdirSync(upload)
        .filter((name) => /^\d+$/.test(name))
        .sort((one, other) => Number(one) - Number(other))
        .map((name) => statSync(join(upload, name)).size);
      if (sizes.slice(0, -1).some((size) => size < 5 * 1024 ** 2))
        return failed(ctx, 400, 'EntityTooSmall');
    }
    const source = ctx.headers['x-amz-copy-source'];
    if (ctx.method !== 'PUT' || source === undefined) return next();
    const [bucket = '', ...key] = decodeURIComponent(source).split('/');
    const path = files.getResourcePath(bucket, key.join('/'), 'object');
    if (!existsSync(path)) return failed(ctx, 404, 'NoSuchKey');
    const { md5 } = await files.putPart(bucket, uploadId, partNumber ?? '', createReadStream(path));
    ctx.status = 200;
    ctx.type = 'application/xml';
    ctx.body = `<CopyPartResult><ETag>"${md5}"</ETag></CopyPartResult>`;
  });
};

const objectSuffix = '._S3rver_object';

/** A server of the S3 protocol in this process, with one empty bucket. */
export interface S3Server {
  readonly url: string;
  /** STORAGE_URL of a prefix in its bucket. */
  storageUrl(prefix?: string): string;
  /** Names of the objects, sorted. */
  objects(): readonly string[];
  /** Unfinished multipart uploads. */
  uploads(): readonly string[];
  /** Cuts an object behind the store's back. */
  truncate(name: string, size: number): void;
  removeObject(name: string): void;
  /** Every request that it was sent: method, path and query. */
  readonly requests: string[];
  /** Those that are not answered to their end. */
  underWay(): string[];
  /** Requests of these methods are taken and never answered. */
  hang(methods: RegExp): void;
  /** Nobody answers at its address any more. */
  stop(): Promise<void>;
  /** The same bucket at the same address. */
  again(): Promise<void>;
}

/** The SDK finds them as it does on an operator's machine. */
export const s3Credentials = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  // Nothing asks the network who we are.
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;

/** @param isPlain as s3rver is: without UploadPartCopy, for one */
export const startedS3 = async (isPlain = false): Promise<S3Server> => {
  Object.assign(process.env, s3Credentials);
  const directory = tempFolder();
  const requests: string[] = [];
  const underWay = new Set<string>();
  let hanging: RegExp | null = null;
  const run = async (port: number): Promise<S3rver> => {
    const server = new S3rver({
      port,
      address: '127.0.0.1',
      silent: true,
      directory,
      vhostBuckets: false,
      configureBuckets: [{ name: bucketName }],
    });
    if (!isPlain) completed(server);
    server.middleware.unshift((given: never, next) =>
      hanging?.test((given as Context).method) ? new Promise<never>(() => undefined) : next(),
    );
    await server.run();
    server.httpServer.on('request', ({ method, url }, res) => {
      const request = `${method} ${url}`;
      requests.push(request);
      underWay.add(request);
      res.once('close', () => underWay.delete(request));
    });
    return server;
  };
  let server = await run(0);
  const address = server.httpServer.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const stop = async (): Promise<void> => {
    const { httpServer } = server;
    if (!httpServer.listening) return;
    const closed = new Promise((resolve) => httpServer.close(resolve));
    httpServer.closeAllConnections();
    await closed;
  };
  afterFile(stop);
  const bucket = join(directory, bucketName);
  const pathOf = (name: string) => join(bucket, name + objectSuffix);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    requests,
    underWay: () => [...underWay],
    storageUrl: (prefix = 'logs') =>
      `s3://${bucketName}/${prefix}?endpoint=${encodeURIComponent(url)}`,
    objects: () =>
      readdirSync(bucket, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(objectSuffix))
        .map(({ parentPath, name }) => join(parentPath, name).slice(bucket.length + 1))
        .map((name) => name.slice(0, -objectSuffix.length))
        .sort(),
    uploads: () => {
      const folder = join(bucket, '._S3rver_uploads');
      return existsSync(folder) ? readdirSync(folder) : [];
    },
    truncate: (name, size) => {
      rmSync(`${pathOf(name)}.md5`, { force: true });
      truncateSync(pathOf(name), size);
    },
    removeObject: (name) => rmSync(pathOf(name)),
    hang: (methods) => {
      hanging = methods;
    },
    stop,
    again: async () => {
      hanging = null;
      if (!server.httpServer.listening) server = await run(port);
    },
  };
};
