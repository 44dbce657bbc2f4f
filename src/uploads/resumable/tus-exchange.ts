import { DataStore, Server, Upload } from '@tus/server';
import type { Lock } from '@tus/server';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import { DomainError } from '../../errors/domain-error.js';
import { InternalError, NotFound, ValidationFailed } from '../../errors/errors.js';
import { digestField } from '../../secrets/digest.js';
import { acceptedFilename } from '../../http/filename.policy.js';
import { digestClaim, idempotencyKeyOf } from '../intake/claims.js';
import { IdempotencyKeyReused } from '../intake/intake.errors.js';
import { UploadAborted } from '../../http/transfer/transfer.errors.js';
import type { Sender } from '../intake/upload-shares.js';
import { sideCarOf } from '../side-cars/side-cars.policy.js';
import type { AppendingService } from './appending.service.js';
import { hasBody } from '../../http/framing.policy.js';
import { DeclaredLengthExceeded, UploadOffsetMismatch } from './resumable.errors.js';
import type { Progress, Transfer } from './resumable-completion.service.js';
import type { ResumableService } from './resumable.service.js';
import { nameIn, tusBody, tusExtensions } from './tus.policy.js';
import { assertWellFormed, claimedBody, webRequest } from './tus-request.js';

/** What @tus/server throws for what it refuses. */
interface TusError {
  readonly status_code: number;
  readonly body: string;
}

const isTusError = (cause: unknown): cause is TusError =>
  typeof cause === 'object' && cause !== null && 'status_code' in cause && 'body' in cause;

export interface Exchange {
  /** As it is meant (meantMethod). */
  readonly method: string;
  readonly tokenId: string;
  /** Of all uploads, as the client reaches it: behind a proxy it may begin with a prefix. */
  readonly path: string;
  /** Answered to OPTIONS as Tus-Max-Size, in bytes. */
  readonly maxSize: number;
  /** UPLOAD_EXPIRY, in milliseconds. */
  readonly expiryMs: number;
}

/** @param said by @tus/server, for people */
const toBeCorrected = (said: string): ValidationFailed =>
  new ValidationFailed([], `Correct the request: ${said.trim().replace(/\.$/, '')}.`);

/** Headers that @tus/server answers of itself before it looks at anything. */
const notWellFormed = async (answered: Response): Promise<DomainError> =>
  answered.status === 400 ? toBeCorrected(await answered.text()) : new InternalError();

/** The upload exists already: its key stands for it. */
class KnownUpload extends Error {
  constructor(readonly id: string) {
    super('known');
  }
}

/**
 * One request of the tus protocol: @tus/server decides what it means, this gives it an upload to work on.
 * Trap: @tus/server would read the body through a web stream and two more, which costs a copy for each, and it breaks
 * the connection when the reading fails. So it is given a request without a body, and `write` takes the body itself.
 */
export class TusExchange extends DataStore {
  override readonly extensions = [...tusExtensions];
  private transfer: Transfer | null = null;
  private failure: unknown = null;
  /** What the client is told of an upload that this request completed, or asked for. */
  private told: Progress | null = null;

  private readonly abort = new AbortController();
  /** Repr-Digest: SHA-256 that the whole file must have. */
  private readonly claimed: string | null;

  constructor(
    private readonly uploads: ResumableService,
    private readonly appending: AppendingService,
    private readonly req: ExpressRequest,
    private readonly res: ExpressResponse,
    private readonly about: Exchange,
  ) {
    super();
    this.claimed = digestClaim(req, 'repr-digest');
    // Nobody waits any more for what reading the bytes again would tell.
    res.once('close', () => this.abort.abort(new UploadAborted()));
  }

  private get sender(): Sender {
    return { tokenId: this.about.tokenId, address: this.req.ip ?? '' };
  }

  /** Answers the request. @throws DomainError, for the problem filter */
  async answer(id: string | null): Promise<void> {
    if (this.about.method !== 'OPTIONS') assertWellFormed(this.req, this.about.method);
    const answered = await this.work(id);
    // What it held is free before the client hears of it, and goes on at once.
    this.send(answered);
  }

  private async work(id: string | null): Promise<Response> {
    try {
      const answered = await this.server(id).handleWeb(webRequest(this.req, this.about.method));
      if (this.failure instanceof KnownUpload) return await this.known(this.failure.id);
      if (this.failure !== null) throw this.problem();
      if (answered.status >= 400) throw await notWellFormed(answered);
      const ended = await this.release();
      if (ended) throw ended;
      return answered;
    } catch (cause) {
      await this.abandon(cause);
      // What the store then misses is what the ending took.
      const ended = await this.release();
      throw cause instanceof DomainError ? cause : (ended ?? cause);
    } finally {
      await this.release();
    }
  }

  private async release(): Promise<DomainError | null> {
    const { transfer } = this;
    this.transfer = null;
    return transfer && this.uploads.release(transfer);
  }

  /** As if it were created now, but for the bytes that it has already. */
  private async known(id: string): Promise<Response> {
    const { offset } = await this.uploads.progress(id, this.sender, this.abort);
    const headers = new Headers({ Location: `${this.about.path}/${id}` });
    if (this.req.get('content-type') === tusBody) headers.set('Upload-Offset', String(offset));
    return new Response(null, { status: 201, headers });
  }

  private server(id: string | null): Server {
    return new Server({
      path: this.about.path,
      datastore: this,
      relativeLocation: true,
      ...(this.about.method === 'OPTIONS' ? { maxSize: this.about.maxSize } : {}),
      getFileIdFromRequest: () => id ?? undefined,
      namingFunction: (_req, metadata) => this.begin(metadata),
      locker: { newLock: (of) => this.lockOf(of) },
      onResponseError: (_req, cause) => {
        this.failure = cause;
        return undefined;
      },
    });
  }

  /** Takes the attempt and everything else that a new upload needs, and gives its id. */
  private async begin(metadata: Record<string, string | null> | undefined): Promise<string> {
    const filename = acceptedFilename(nameIn(metadata));
    const sideCar = sideCarOf(filename);
    if (sideCar)
      throw new ValidationFailed(
        [{ field: 'upload-metadata', message: 'must not name a checksum file' }],
        `Send ${filename} in one request, with PUT: it is read as the checksum of ${sideCar.file}.`,
      );
    const length = this.req.get('upload-length');
    const claims = {
      declaredBytes: length === undefined ? null : Number(length),
      idempotencyKey: idempotencyKeyOf(this.req),
      sha256: this.claimed,
    };
    const file = { filename, metadata: this.req.get('upload-metadata') ?? null };
    const created = await this.uploads.create(this.sender, claims, file, this.abort);
    if ('row' in created) {
      this.transfer = created;
      return created.row.id;
    }
    const known =
      created.kind === 'stored'
        ? { ...created.archive, declaredBytes: created.archive.size }
        : created.upload;
    const differs = (asked: unknown, has: unknown): boolean =>
      asked !== null && has !== null && asked !== has;
    if (differs(claims.declaredBytes, known.declaredBytes) || differs(claims.sha256, known.sha256))
      throw new IdempotencyKeyReused();
    throw new KnownUpload(known.id);
  }

  private lockOf(id: string): Lock {
    return {
      lock: async () => {
        // A new upload is held since its creation.
        if (this.transfer) return;
        // Who asks how far it has come, or wants it no more, has given up the request that brought it.
        if (this.about.method !== 'PATCH') await this.uploads.free(id, this.about.tokenId);
        if (this.about.method !== 'HEAD') this.transfer = await this.held(id);
      },
      unlock: () => Promise.resolve(),
    };
  }

  /** @returns null for a PATCH that adds nothing to an archive, where that ends: it is as good as any other */
  private async held(id: string): Promise<Transfer | null> {
    const { method, tokenId } = this.about;
    try {
      return await this.uploads.hold(id, tokenId, this.abort);
    } catch (cause) {
      if (!(cause instanceof NotFound) || method !== 'PATCH') throw cause;
      // What it would resume is an archive by now: HEAD tells of it. Or it is unknown, and that says so.
      const { offset, sha256 } = await this.uploads.progress(id, this.sender, this.abort);
      const agrees = this.claimed === null || this.claimed === sha256;
      if (!hasBody(this.req) && agrees && offset === Number(this.req.get('upload-offset')))
        return null;
      throw new UploadOffsetMismatch();
    }
  }

  override create(upload: Upload): Promise<Upload> {
    return Promise.resolve(upload);
  }

  override async getUpload(id: string): Promise<Upload> {
    const progress = (this.told = this.transfer?.lease.isOpen
      ? await this.uploads.progressOf(this.transfer)
      : await this.uploads.progress(id, this.sender, this.abort));
    return new Upload({
      id,
      offset: progress.offset,
      ...(progress.length === null ? {} : { size: progress.length }),
      creation_date: progress.activeAt.toISOString(),
    });
  }

  override async write(_stream: unknown, id: string): Promise<number> {
    if (!this.transfer) return this.told?.offset ?? 0;
    if (this.claimed !== null) await this.uploads.claim(this.transfer, this.claimed);
    const offset = await this.appending.append(
      this.transfer,
      this.req,
      this.res,
      claimedBody(this.req),
    );
    if (!this.transfer.lease.isOpen)
      this.told = await this.uploads.progress(id, this.sender, this.abort);
    return offset;
  }

  override async declareUploadLength(_id: string, length: number): Promise<void> {
    if (this.transfer) await this.uploads.declare(this.transfer, length);
  }

  override async remove(): Promise<void> {
    if (this.transfer) await this.uploads.end(this.transfer);
  }

  override getExpiration(): number {
    return this.about.expiryMs;
  }

  /** A client that gets no address of its new upload, because the first bytes failed, can never resume it. */
  private async abandon(cause: unknown): Promise<void> {
    const { transfer } = this;
    if (this.about.method !== 'POST' || !transfer?.lease.isOpen) return;
    if (transfer.row.idempotencyKey === null) await this.uploads.end(transfer, cause);
  }

  /** What was refused, in our words. */
  private problem(): unknown {
    const cause = this.failure;
    if (cause instanceof DomainError || !isTusError(cause)) return cause;
    if (cause.status_code === 404 || cause.status_code === 410) return new NotFound('upload');
    if (cause.status_code === 409) return new UploadOffsetMismatch();
    if (cause.status_code === 413)
      return new DeclaredLengthExceeded(this.transfer?.row.declaredBytes ?? 0);
    return toBeCorrected(cause.body);
  }

  private send({ status, headers }: Response): void {
    const { res, told } = this;
    const { method, expiryMs } = this.about;
    headers.forEach((value, name) => {
      // Who may read it from another site is decided for all routes alike; without a body it has no length and type.
      if (!/^(access-control|content)-/.test(name)) res.setHeader(name, value);
    });
    if (method === 'OPTIONS') res.setHeader('Tus-Checksum-Algorithm', 'sha256');
    if (told && told.sha256 !== null) {
      res.setHeader('Archive-Id', told.id);
      res.setHeader('Repr-Digest', digestField(told.sha256));
    }
    if (told && method === 'HEAD') {
      if (told.metadata !== null) res.setHeader('Upload-Metadata', told.metadata);
      const expires = new Date(told.activeAt.getTime() + expiryMs).toUTCString();
      if (told.sha256 === null) res.setHeader('Upload-Expires', expires);
    }
    res.status(status).end();
  }
}
