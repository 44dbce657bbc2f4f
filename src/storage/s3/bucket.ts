import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ByteRange } from '../blob-store.js';
import { isMissing, isUploadMissing } from './s3-errors.js';
import type { S3Address } from '../../config/s3-address.js';

/** An object, opened. */
export interface Opened {
  readonly body: Readable;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly etag: string | undefined;
}

export interface Listed {
  /** Without the prefix. */
  readonly name: string;
  readonly size: number;
  readonly changedAt: Date;
}

/** A multipart upload: invisible under its name until it is completed. */
export interface Multipart {
  readonly name: string;
  readonly id: string;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
}

/** What a signed address makes the store say of the object. */
export interface SaidOfObject {
  readonly type: string;
  readonly disposition: string;
}

/** A store answers within seconds, or it is as good as gone; a part of some gigabytes takes its minutes. */
const timeouts = {
  connectionTimeout: 3_000,
  socketTimeout: 30_000,
  requestTimeout: 600_000,
  throwOnRequestTimeout: true,
};
/** The first try and two more, some 100 ms apart: a client waits meanwhile. */
const maxAttempts = 3;

/** As many as there are uploads and downloads: those bound themselves, and one that waits for a socket is a stall. */
const agent = { keepAlive: true, maxSockets: 2_000 } as const;

const withBody = new Set(['PutObjectCommand', 'UploadPartCommand']);

const isText = (text: string | undefined): text is string => text !== undefined && text !== '';

/** Must be there in an answer of success: a store that leaves it out is none that this works with. */
const said = (text: string | undefined, what: string): string => {
  if (!isText(text)) throw new Error(`the store did not say ${what}`);
  return text;
};

/** The requests to one bucket, below one prefix. All that knows the SDK. */
export class Bucket {
  private readonly client: S3Client;

  constructor(private readonly address: S3Address) {
    const { region, endpoint } = address;
    const config: S3ClientConfig = {
      maxAttempts,
      requestHandler: { ...timeouts, httpAgent: agent, httpsAgent: agent },
      // Trap: the SDK's default adds a CRC to every body in a way that only Amazon's store is sure to understand; others
      // store what surrounds it, too. Ours are hashed anyhow.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Few stores other than Amazon's have a host name for each bucket.
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      // They rarely care for the region, which the signature needs none the less.
      ...(region === null ? (endpoint === null ? {} : { region: 'us-east-1' }) : { region }),
    };
    this.client = new S3Client(config);
    if (endpoint?.startsWith('http:') !== true) this.leaveBodiesUnsigned();
  }

  /** For messages. */
  get place(): string {
    return `s3://${this.address.bucket}/${this.address.prefix}`;
  }

  async put(name: string, body: Uint8Array): Promise<void> {
    await this.client.send(
      new PutObjectCommand({ ...this.named(name), Body: body, ContentLength: body.length }),
    );
  }

  /** @param etag the object must still have; answers 412 otherwise */
  async get(name: string, range: ByteRange | null, etag?: string): Promise<Opened> {
    const got = await this.client.send(
      new GetObjectCommand({
        ...this.named(name),
        ...(range ? { Range: `bytes=${range.first}-${range.last}` } : {}),
        ...(etag === undefined ? {} : { IfMatch: etag }),
      }),
    );
    const whole = /\/(\d+)$/.exec(got.ContentRange ?? '')?.[1];
    return {
      body: got.Body as Readable,
      size: Number(whole ?? got.ContentLength ?? 0),
      etag: got.ETag,
    };
  }

  /** @returns its bytes; null where there is none */
  async sizeOf(name: string): Promise<number | null> {
    try {
      const { ContentLength = 0 } = await this.client.send(new HeadObjectCommand(this.named(name)));
      return ContentLength;
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  }

  /** In the order of their names. @param below what the names begin with */
  async *list(below: string): AsyncIterable<Listed> {
    const { bucket: Bucket, prefix } = this.address;
    let ContinuationToken: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({ Bucket, Prefix: prefix + below, ContinuationToken }),
      );
      for (const { Key = '', Size = 0, LastModified = new Date() } of page.Contents ?? [])
        yield { name: Key.slice(prefix.length), size: Size, changedAt: LastModified };
      ContinuationToken = page.NextContinuationToken;
    } while (isText(ContinuationToken));
  }

  /** Absence is success. One by one: the bulk request takes a Content-MD5 or a checksum, and not all take the same. */
  async delete(name: string): Promise<void> {
    try {
      await this.client.send(new DeleteObjectCommand(this.named(name)));
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
    }
  }

  /** Within the store; up to 5 GiB. */
  async copy(from: string, to: string): Promise<void> {
    await this.client.send(
      new CopyObjectCommand({ ...this.named(to), CopySource: this.source(from) }),
    );
  }

  async beginMultipart(name: string): Promise<Multipart> {
    const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(this.named(name)));
    return { name, id: said(UploadId, "the upload's id") };
  }

  async putPart({ name, id }: Multipart, number: number, body: Uint8Array): Promise<Part> {
    const { ETag } = await this.client.send(
      new UploadPartCommand({
        ...this.named(name),
        UploadId: id,
        PartNumber: number,
        Body: body,
        ContentLength: body.length,
      }),
    );
    return { number, etag: said(ETag, "the part's ETag") };
  }

  /** A part that is an object already: the store copies it by itself. */
  async copyPart({ name, id }: Multipart, number: number, from: string): Promise<Part> {
    const { CopyPartResult } = await this.client.send(
      new UploadPartCopyCommand({
        ...this.named(name),
        UploadId: id,
        PartNumber: number,
        CopySource: this.source(from),
      }),
    );
    return { number, etag: said(CopyPartResult?.ETag, "the part's ETag") };
  }

  /** @param parts in the order of their numbers */
  async complete({ name, id }: Multipart, parts: readonly Part[]): Promise<void> {
    await this.client.send(
      new CompleteMultipartUploadCommand({
        ...this.named(name),
        UploadId: id,
        MultipartUpload: {
          Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
        },
      }),
    );
  }

  /** Absence is success. */
  async abort({ name, id }: Multipart): Promise<void> {
    try {
      await this.client.send(
        new AbortMultipartUploadCommand({ ...this.named(name), UploadId: id }),
      );
    } catch (cause) {
      if (!isUploadMissing(cause)) throw cause;
    }
  }

  /** An address that reads the object without credentials of its own. */
  signed(name: string, { type, disposition }: SaidOfObject, seconds: number): Promise<string> {
    return getSignedUrl(
      this.client,
      new GetObjectCommand({
        ...this.named(name),
        ResponseContentType: type,
        ResponseContentDisposition: disposition,
        ResponseCacheControl: 'no-store',
      }),
      { expiresIn: seconds },
    );
  }

  /** Over TLS the signature of a body proves nothing more, and would hash every byte once again. */
  private leaveBodiesUnsigned(): void {
    this.client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          const { request } = args as { request?: { headers?: Record<string, string> } };
          if (request?.headers && withBody.has(String(commandName)))
            request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
          return next(args);
        },
      { step: 'build', name: 'leaveBodiesUnsigned' },
    );
  }

  private named(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.address.bucket, Key: this.address.prefix + name };
  }

  private source(name: string): string {
    // Nothing in our names needs an escape, and not every store undoes one.
    return `${this.address.bucket}/${this.address.prefix}${name}`;
  }
}
