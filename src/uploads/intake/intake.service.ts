import type { Writable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ShuttingDown } from '../../errors/errors.js';
import type { CallerOf } from '../../http/allow.js';
import { Draining } from '../../http/draining.js';
import { sendContinue } from '../../http/json-body.js';
import { newDigest } from '../../secrets/digest.js';
import type { Digest } from '../../secrets/digest.js';
import { newId } from '../../secrets/secrets.js';
import { BlobStore } from '../../storage/blob-store.js';
import { SourcesService } from '../../throttling/sources.service.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { acceptedFilename } from '../../http/filename.policy.js';
import { begunNow } from '../records/new-upload.js';
import type { Begun } from '../records/new-upload.js';
import { UploadsService } from '../records/uploads.service.js';
import { SideCarReception } from '../side-cars/side-car.reception.js';
import type { ClaimReceipt } from '../side-cars/side-cars.dto.js';
import { mayBeSideCar, sideCarOf } from '../side-cars/side-cars.policy.js';
import type { SideCar } from '../side-cars/side-cars.policy.js';
import { SideCarsService } from '../side-cars/side-cars.service.js';
import { BodyTransfers } from '../../http/transfer/body-transfer.js';
import type { BodyTransfer } from '../../http/transfer/body-transfer.js';
import { UploadStalled } from '../../http/transfer/transfer.errors.js';
import { AdmissionService } from './admission.service.js';
import type { BodyFormat } from './body-formats.js';
import { claimsOf } from './claims.js';
import type { Claims } from './claims.js';
import { CompletionService } from './completion.service.js';
import type { Receipt } from './intake.dto.js';
import { RepeatReception, UndecidedForm } from './reception.js';
import type { Reception } from './reception.js';
import { UploadReception } from './upload.reception.js';

/** How long an anonymous form may take to present its token field. */
const anonymousMs = 30_000;

/** One request with a file, from its headers to the answer. */
interface UploadRequest {
  readonly req: Request;
  readonly claims: Claims;
  readonly format: BodyFormat;
  readonly begun: Begun;
  readonly body: BodyTransfer;
  readonly digest: Digest;
  /** What it is, as far as that is known by now. */
  reception: Reception;
}

/**
 * Takes the uploads that come in one request: admission, one pass over the bytes into a partial blob, fsync, rename,
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
    private readonly bodies: BodyTransfers,
    private readonly sideCars: SideCarsService,
  ) {}

  /** @param caller the token's holder, or nobody yet: the token is a field of the form */
  async take(
    req: Request,
    res: Response,
    caller: CallerOf,
    format: BodyFormat,
  ): Promise<Receipt | ClaimReceipt> {
    const claims = claimsOf(req);
    const request: UploadRequest = {
      ...{ req, claims, format, digest: newDigest(), body: this.bodies.begin(req) },
      begun: begunNow(newId(), format.way, claims.declaredBytes),
      reception: new UndecidedForm(null),
    };
    const { body, digest } = request;
    const endPatience = caller.kind === 'customer' ? null : this.limitAnonymity(request);
    // A broken connection may overtake the file's opening.
    let opening: Promise<unknown> = Promise.resolve();
    try {
      if (caller.kind === 'customer') await this.begin(request, caller.tokenId);
      else if (this.draining.isDraining) throw new ShuttingDown();
      sendContinue(req, res);
      await format.read(req, res, body.signal, (filename, token) => {
        const opened = this.open(request, acceptedFilename(filename), token);
        opening = opened;
        return opened;
      });
      body.stopWatching();
      return await request.reception.finish(digest.digest('hex'));
    } catch (cause) {
      // What is being opened has to be undone too.
      await opening.catch(() => undefined);
      return await request.reception.fail(body.reasonOf(cause));
    } finally {
      endPatience?.();
      body.close();
      request.reception.release();
    }
  }

  /** Refuses what can be refused before the body. */
  private async begin(request: UploadRequest, tokenId: string): Promise<void> {
    const { format, claims } = request;
    const name = format.filename === null ? null : acceptedFilename(format.filename);
    if (!mayBeSideCar(name, claims.declaredBytes, claims.idempotencyKey !== null))
      return this.admit(request, tokenId, null);
    const token = await this.sideCars.admit(tokenId);
    const sideCar = name === null ? null : sideCarOf(name);
    if (name === null || !sideCar)
      request.reception = new UndecidedForm({ token, begun: request.begun, uploads: this.uploads });
    else this.becomeSideCar(request, token, name, sideCar).assertShort();
  }

  /** The file begins: now its name decides what it is, and its token must be known. */
  private async open(request: UploadRequest, name: string, formToken: unknown): Promise<Writable> {
    const { reception, req, digest } = request;
    if (reception instanceof SideCarReception) return reception.open(name, digest);
    const sideCar = sideCarOf(name);
    const looked = reception instanceof UndecidedForm ? reception.token : null;
    const tokenId = reception.token?.id ?? (await this.tokenIn(req, formToken));
    if (sideCar) {
      await reception.withdraw();
      const token = looked ?? (await this.sideCars.admit(tokenId));
      this.becomeSideCar(request, token, name, sideCar);
    } else if (reception instanceof UndecidedForm) await this.admit(request, tokenId, looked);
    return request.reception.open(name, digest);
  }

  /** @param looked the token, where it was read a moment ago. @throws the refusal, which is accounted for */
  private async admit(
    request: UploadRequest,
    tokenId: string,
    looked: KnownToken | null,
  ): Promise<void> {
    const { req, claims, format, body } = request;
    // From here on the admission accounts for what fails.
    request.reception = new UndecidedForm(null);
    const sender = { tokenId, address: req.ip ?? '' };
    const admission = await body.holdBack(() =>
      this.admissions.admit(sender, claims, format, looked),
    );
    const { store, uploads, completion } = this;
    request.reception =
      admission.kind === 'repeated'
        ? new RepeatReception(admission, body, claims.sha256)
        : new UploadReception({ store, uploads, completion }, admission, body, claims.sha256);
  }

  private becomeSideCar(
    request: UploadRequest,
    token: KnownToken,
    filename: string,
    sideCar: SideCar,
  ): SideCarReception {
    const { claims, begun, body } = request;
    const about = { token, begun, filename, sideCar, sha256: claims.sha256, body };
    return (request.reception = new SideCarReception(this.sideCars, this.uploads, about));
  }

  /** The token of a form is guessed as easily as one in a header, and throttled alike. */
  private tokenIn(req: Request, formToken: unknown): Promise<string> {
    // A customer who has the whole link at hand may put that into the field.
    const given = typeof formToken === 'string' ? formToken.trim().replace(/^\S*#/, '') : formToken;
    return this.sources.prove(req.ip ?? '', () => this.tokens.authenticate(given));
  }

  /** @returns what ends the wait for the token of an anonymous form */
  private limitAnonymity(request: UploadRequest): () => void {
    const timer = setTimeout(() => {
      if (request.reception.token === null) request.body.abort.abort(new UploadStalled());
    }, anonymousMs);
    return () => clearTimeout(timer);
  }
}
