import type { FreeSpace, SpaceReservation } from '../../storage/free-space.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import type { Brought, NewUpload } from '../records/new-upload.js';
import type { Failed } from '../records/upload-outcome.policy.js';
import type { UploadsService } from '../records/uploads.service.js';
import type { Sender } from './upload-shares.js';

/** Whose attempt it is, and the row that reserves it. */
export interface LeasedAttempt {
  readonly token: KnownToken;
  readonly upload: NewUpload;
}

/** Where the three parts of a lease come from. */
export interface LeaseSources {
  /** @returns what gives the slot back @throws ShuttingDown, TooManyUploads */
  readonly slots: { take(sender: Sender): () => void };
  readonly space: Pick<FreeSpace, 'reserve'>;
  readonly rows: Pick<UploadsService, 'reserve' | 'fail' | 'withdraw'>;
}

/**
 * All that an upload under way has taken: a slot among the uploads of this process, room on the volume, and one attempt
 * of its token. Slot and room go back with `release`, once, however often it is called; the attempt ends once, as
 * `stored`, by `fail` or by `withdraw`. An attempt that none of them ended stays with its row: a later request of a
 * resumable upload, or the next sweep, settles it.
 */
export class UploadLease {
  private slot: (() => void) | null = null;
  private room: SpaceReservation | null = null;
  private attempt: LeasedAttempt | null = null;
  private outcome: Promise<Failed> = Promise.resolve('undone');
  private isReserved = false;
  private isReleased = false;

  constructor(private readonly sources: LeaseSources) {}

  /** What the sink counts its bytes against. */
  get space(): SpaceReservation | null {
    return this.room;
  }

  /** Whether its attempt is still to be settled. */
  get isOpen(): boolean {
    return this.attempt !== null;
  }

  /** The next request of a resumable upload, which has looked at its token and its row once more. */
  resume(attempt: LeasedAttempt): this {
    this.attempt = attempt;
    this.isReserved = true;
    return this;
  }

  /** Takes the slot, where it has none. @throws ShuttingDown, TooManyUploads */
  enter(sender: Sender): this {
    this.assertNew(false);
    this.slot ??= this.sources.slots.take(sender);
    return this;
  }

  /**
   * Takes room for the whole of a new upload and one attempt: both, or neither.
   * @returns false where an upload with the same key is under way, or stored
   * @throws StorageFull, UploadTokenExhausted and its like
   */
  async reserve(token: KnownToken, upload: NewUpload): Promise<boolean> {
    this.assertNew(this.isReserved);
    this.isReserved = true;
    try {
      await this.reserveRoom(upload.declaredBytes);
      this.isReserved = await this.sources.rows.reserve(token, upload);
    } catch (cause) {
      this.isReserved = false;
      this.releaseRoom();
      throw cause;
    }
    if (this.isReserved) this.attempt = { token, upload };
    else this.releaseRoom();
    // Released while it was reserving: nobody is left to settle the attempt.
    if (this.isReleased) await this.withdraw();
    return this.isOpen;
  }

  /** Takes room, where it has none. @param bytes null where the length is not known @throws StorageFull */
  async reserveRoom(bytes: number | null): Promise<void> {
    if (this.room) return;
    this.room = await this.sources.space.reserve(bytes);
    if (this.isReleased) this.releaseRoom();
  }

  /** Room that was taken for another length, or for a client that may not come back. */
  releaseRoom(): void {
    this.room?.release();
    this.room = null;
  }

  /** Its archive is recorded: the attempt is used up. */
  stored(): void {
    this.attempt = null;
    this.outcome = Promise.resolve('stored');
  }

  /**
   * Nothing was stored: the attempt is given back, the bytes go.
   * @returns what came of it, again the same; after 'unsettled' it is tried again
   */
  fail(brought: Brought, cause: unknown): Promise<Failed> {
    const { attempt } = this;
    if (!attempt) return this.outcome;
    this.attempt = null;
    this.outcome = this.sources.rows
      .fail(attempt.token, attempt.upload, brought, cause)
      .then((failed) => {
        if (failed === 'unsettled') this.attempt = attempt;
        return failed;
      });
    return this.outcome;
  }

  /** It turned out to be no upload: the attempt is given back, and that is no failure. */
  async withdraw(): Promise<void> {
    const { attempt } = this;
    if (!attempt) return;
    this.attempt = null;
    await this.sources.rows.withdraw(attempt.token, attempt.upload).catch((cause: unknown) => {
      this.attempt = attempt;
      throw cause;
    });
  }

  /** One request of a resumable upload ends: the slot goes back, the room stays for the next one. */
  leave(): void {
    this.slot?.();
    this.slot = null;
  }

  /** Gives back slot and room. Again is no harm. */
  release(): void {
    this.isReleased = true;
    this.leave();
    this.releaseRoom();
  }

  private assertNew(isReserved: boolean): void {
    if (isReserved || this.isReleased) throw new Error('a lease is acquired once');
  }
}
