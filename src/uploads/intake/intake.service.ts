import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { SourcesService } from '../../throttling/sources.service.js';
import { DomainError } from '../../errors/domain-error.js';
import { ShuttingDown } from '../../errors/errors.js';
import type { CallerOf } from '../../http/allow.js';
import { Draining } from '../../http/draining.js';
import { sendContinue } from '../../http/json-body.js';
import { newId } from '../../secrets/secrets.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import type { PartialBlob } from '../../storage/blob-store.js';
import { UploadTokenUnknown } from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { cleanFilename } from '../records/filename.policy.js';
import { sideCarSink } from '../side-cars/side-car-sink.js';
import type { ClaimReceipt } from '../side-cars/side-cars.dto.js';
import { SideCarUnreadable } from '../side-cars/side-cars.errors.js';
import {
  claimedDigestIn,
  maxSideCarBytes,
  maxSideCarFormBytes,
  sideCarOf,
} from '../side-cars/side-cars.policy.js';
import type { SideCar } from '../side-cars/side-cars.policy.js';
import { SideCarsService } from '../side-cars/side-cars.service.js';
import { AdmissionService } from './admission.service.js';
import type { Admission, EnteredAdmission } from './admission.service.js';
import type { WayIn } from './body-readers.js';
import { claimsOf } from './claims.js';
import type { Claims } from './claims.js';
import { CompletionService } from './completion.service.js';
import { UploadFault } from '../records/uploads.errors.js';
import { DigestMismatch, UploadStalled } from '../transfer/transfer.errors.js';
import { FileEmpty, FileMissing, IdempotencyKeyReused } from './intake.errors.js';
import type { Receipt } from './intake.dto.js';
import { MeteredSink } from '../transfer/metered-sink.js';
import { begunNow } from '../records/new-upload.js';
import { UploadWatch } from './upload-watch.js';
import { UploadsService } from '../records/uploads.service.js';

/** A form whose token comes as a field has so long to bring it: until then it is nobody's. */
const strangerMs = 30_000;

/** The file while it comes. */
interface Body {
  readonly filename: string;
  readonly sink: MeteredSink;
  readonly partial: PartialBlob | null;
  readonly sideCar: (SideCar & { readonly text: () => string }) | null;
}

/** One request's way in, from the first header to the answer. */
interface Passage {
  readonly req: Request;
  readonly claims: Claims;
  readonly way: WayIn;
  readonly abort: AbortController;
  /** The file's opening, which a broken connection may overtake. */
  opening: Promise<unknown>;
  /** Nothing is read meanwhile: the same upload may be under way on another connection, or the store be slow. */
  isHeldBack: boolean;
  /** Whose it is, while nothing is reserved: it is a side-car, or may turn out to be one. */
  holder: KnownToken | null;
  admission: EnteredAdmission | null;
  body: Body | null;
}

const sideCarNamed = (filename: string | null): SideCar | null =>
  filename === null ? null : sideCarOf(cleanFilename(filename));

/**
 * Side-cars need no attempt, so that a request which may be one reserves nothing before its name is known: a form that
 * is small enough. Not one with a key: what that stands for decides whether its token may upload.
 */
const mayBeSideCar = ({ way, claims }: Passage): boolean => {
  if (way.filename !== null) return sideCarNamed(way.filename) !== null;
  const { declaredBytes: declared, idempotencyKey } = claims;
  return (
    idempotencyKey === null && declared !== null && 0 < declared && declared <= maxSideCarFormBytes
  );
};

/**
 * Takes uploads, whatever way they come: admission, one pass over the bytes into a partial blob, fsync, rename,
 * one transaction, 201. On any failure the bytes go and the attempt is given back.
 */
@Injectable()
export class IntakeService {
  constructor(
    private readonly admissions: AdmissionService,
    private readonly uploads: UploadsService,
    private readonly tokens: UploadTokensService,
    private readonly store: BlobStore,
    private readonly sources: SourcesService,
    private readonly draining: Draining,
    private readonly completion: CompletionService,
    private readonly watches: UploadWatch,
    private readonly sideCars: SideCarsService,
  ) {}

  /** @param caller the token's holder, or a stranger whose token is a field of the form */
  async take(
    req: Request,
    res: Response,
    caller: CallerOf,
    way: WayIn,
  ): Promise<Receipt | ClaimReceipt> {
    const abort = new AbortController();
    const passage: Passage = {
      req,
      claims: claimsOf(req),
      way,
      abort,
      isHeldBack: false,
      opening: Promise.resolve(),
      holder: null,
      admission: null,
      body: null,
    };
    const endWatch = this.watch(passage, caller);
    try {
      if (caller.kind === 'customer') await this.begin(passage, caller.tokenId);
      else if (this.draining.isDraining) throw new ShuttingDown();
      sendContinue(req, res);
      await way.read(req, res, abort.signal, (filename, token) => {
        const opening = this.open(passage, filename, token);
        passage.opening = opening;
        return opening;
      });
      endWatch();
      return await this.finish(passage);
    } catch (cause) {
      // What is being opened at this moment has to be undone too.
      await passage.opening.catch(() => undefined);
      return await this.fail(passage, cause);
    } finally {
      endWatch();
      if (passage.admission) this.admissions.leave(passage.admission);
    }
  }

  /** Refuses what can be refused before the body. */
  private async begin(passage: Passage, tokenId: string): Promise<void> {
    if (!mayBeSideCar(passage)) {
      await this.admit(passage, tokenId);
      return;
    }
    passage.holder = await this.sideCars.admit(tokenId);
    const sideCar = sideCarNamed(passage.way.filename);
    if (sideCar && (passage.claims.declaredBytes ?? 0) > maxSideCarBytes)
      throw new SideCarUnreadable(sideCar.algorithm);
  }

  private async admit(passage: Passage, tokenId: string): Promise<EnteredAdmission> {
    const { claims, way, abort } = passage;
    // From here on the admission accounts for what fails.
    passage.holder = null;
    const sender = { tokenId, address: passage.req.ip ?? '' };
    return (passage.admission = await this.heldBack(passage, () =>
      this.admissions.admit(sender, claims, way, abort.signal),
    ));
  }

  private async heldBack<Result>(passage: Passage, work: () => Promise<Result>): Promise<Result> {
    passage.isHeldBack = true;
    try {
      return await work();
    } finally {
      passage.isHeldBack = false;
    }
  }

  /** The file begins: by now its token must be known. */
  private async open(passage: Passage, sent: string, formToken: unknown): Promise<MeteredSink> {
    const filename = cleanFilename(sent);
    const tokenId =
      passage.holder?.id ??
      passage.admission?.token.id ??
      (await this.tokenIn(passage.req, formToken));
    const sideCar = sideCarOf(filename);
    passage.body = sideCar
      ? await this.openSideCar(passage, tokenId, filename, sideCar)
      : await this.openFile(passage, tokenId, filename);
    const { sink, partial } = passage.body;
    // An error is reported to whoever feeds the sink; one that comes later must not end the process.
    sink.on('error', () => undefined);
    partial?.writable.on('error', () => undefined);
    return sink;
  }

  private async openFile(passage: Passage, tokenId: string, filename: string): Promise<Body> {
    const admission = passage.admission ?? (await this.admit(passage, tokenId));
    const id = admission.kind === 'reserved' ? blobKey(admission.upload.id) : null;
    const partial = id && (await this.heldBack(passage, () => this.store.begin(id)));
    if (id !== null) this.uploads.named(id, filename);
    const sink = new MeteredSink(partial?.writable ?? null, admission.meter);
    return { filename, sink, partial, sideCar: null };
  }

  private async openSideCar(
    passage: Passage,
    tokenId: string,
    filename: string,
    sideCar: SideCar,
  ): Promise<Body> {
    const { admission } = passage;
    if (admission) {
      if (admission.kind === 'reserved')
        await this.uploads.withdraw(admission.token, admission.upload);
      passage.admission = null;
      this.admissions.leave(admission);
    }
    passage.holder ??= await this.sideCars.admit(tokenId);
    const { sink, text } = sideCarSink(sideCar.algorithm);
    return { filename, sink, partial: null, sideCar: { ...sideCar, text } };
  }

  /** The token of a form is guessed as easily as one in a header, and throttled alike. */
  private tokenIn(req: Request, formToken: unknown): Promise<string> {
    // Who has the whole link at hand may put that into the field.
    const given = typeof formToken === 'string' ? formToken.trim().replace(/^\S*#/, '') : formToken;
    return this.sources.prove(req.ip ?? '', () => this.tokens.authenticate(given));
  }

  private async finish(passage: Passage): Promise<Receipt | ClaimReceipt> {
    const { admission, body, claims, holder } = passage;
    if (!body) throw new FileMissing();
    const { size } = body.sink;
    if (size === 0 && !body.sideCar) throw new FileEmpty();
    const sha256 = body.sink.sha256();
    if (claims.sha256 !== null && claims.sha256 !== sha256)
      throw new DigestMismatch(claims.sha256, sha256);
    if (body.sideCar && holder) {
      const digest = claimedDigestIn(body.sideCar.text(), body.sideCar);
      if (digest === null) throw new SideCarUnreadable(body.sideCar.algorithm);
      return this.sideCars.claim(holder, body.filename, body.sideCar, digest);
    }
    if (!admission) throw new FileMissing();
    if (admission.kind === 'repeated') {
      if (admission.archive.sha256 !== sha256) throw new IdempotencyKeyReused();
      return this.stored(admission);
    }
    const { token, upload } = admission;
    const received = { filename: body.filename, size, sha256 };
    return this.completion.complete(token, upload, received, body.partial);
  }

  /** The answer for an archive that is stored already. */
  private stored({ token, archive }: Extract<Admission, { kind: 'repeated' }>): Receipt {
    const { id, filename, size, sha256, uploadedAt } = archive;
    return {
      id,
      ticket: token.ticket.number,
      filename,
      size,
      sha256,
      uploadedAt: uploadedAt.toISOString(),
      attemptsLeft: token.attemptsLeft,
    };
  }

  /** Undoes what was done. @throws the cause, unless the archive turns out to be stored */
  private async fail(passage: Passage, cause: unknown): Promise<Receipt> {
    const { way, claims, holder, admission, body, abort } = passage;
    // What ended the upload from our side is the reason; what the streams then said is its echo.
    const reason: unknown = abort.signal.aborted ? abort.signal.reason : cause;
    body?.sink.destroy();
    await body?.partial?.discard();
    const named = way.filename === null ? null : cleanFilename(way.filename);
    const brought = { filename: body?.filename ?? named, bytes: body?.sink.size ?? 0 };
    if (holder && reason instanceof UploadFault) {
      const begun = begunNow(newId(), way.way, claims.declaredBytes);
      await this.uploads.refuse(holder, begun, brought, reason);
    }
    if (admission?.kind !== 'reserved') throw reason;
    const { token, upload } = admission;
    const failed = await this.uploads.fail(token, upload, brought, reason);
    // The file system then misses what the deletion took; that is no fault of the storage.
    if (failed === 'deleted' && !(reason instanceof DomainError)) throw new UploadTokenUnknown();
    if (failed !== 'stored') throw reason;
    return this.stored({
      kind: 'repeated',
      token: await this.uploads.tokenOf(token.id),
      archive: await this.uploads.stored(upload.id),
      meter: admission.meter,
    });
  }

  private watch(passage: Passage, caller: CallerOf): () => void {
    const { req, abort } = passage;
    const endWatch = this.watches.begin(
      req,
      abort,
      () => passage.isHeldBack || (passage.body?.sink.writableNeedDrain ?? false),
    );
    const stranger = setTimeout(() => {
      if (caller.kind !== 'customer' && !passage.admission && !passage.holder)
        abort.abort(new UploadStalled());
    }, strangerMs);
    return () => {
      endWatch();
      clearTimeout(stranger);
    };
  }
}
