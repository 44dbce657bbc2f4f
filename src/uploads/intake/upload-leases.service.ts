import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { ShuttingDown } from '../../errors/errors.js';
import { Draining } from '../../http/draining.js';
import { FreeSpace } from '../../storage/free-space.js';
import { UploadsService } from '../records/uploads.service.js';
import { TooManyUploads } from './intake.errors.js';
import { UploadLease } from './upload-lease.js';
import type { LeaseSources, LeasedAttempt } from './upload-lease.js';
import { UploadShares, shareOf } from './upload-shares.js';
import type { Sender } from './upload-shares.js';

interface Parked {
  readonly lease: UploadLease;
  readonly timer: NodeJS.Timeout;
}

/** The leases of this process: MAX_UPLOADS slots, and the room of resumable uploads between two requests. */
@Injectable()
export class UploadLeases implements OnModuleDestroy {
  private taken = 0;
  private idle: (() => void)[] = [];
  private readonly shares: UploadShares;
  private readonly parked = new Map<string, Parked>();
  private readonly sources: LeaseSources;

  constructor(
    space: FreeSpace,
    rows: UploadsService,
    private readonly draining: Draining,
    private readonly config: Config,
  ) {
    this.shares = new UploadShares(shareOf(config.MAX_UPLOADS));
    this.sources = { slots: { take: (sender) => this.take(sender) }, space, rows };
  }

  onModuleDestroy(): void {
    for (const id of [...this.parked.keys()]) this.drop(id);
  }

  /** What needs no slot yet is refused too, once the process is stopping. @throws ShuttingDown */
  assertOpen(): void {
    if (this.draining.isDraining) throw new ShuttingDown();
  }

  /** For a new upload, with its slot. @throws ShuttingDown, TooManyUploads */
  acquire(sender: Sender): UploadLease {
    return new UploadLease(this.sources).enter(sender);
  }

  /** For a repetition of a stored upload: a slot alone. @throws ShuttingDown, TooManyUploads */
  acquireForRepetition(sender: Sender, attemptsLeft: number): UploadLease {
    const take = (by: Sender): (() => void) => this.take(by, attemptsLeft);
    return new UploadLease({ ...this.sources, slots: { take } }).enter(sender);
  }

  /** For the next request of a resumable upload, with the room that the one before left; `enter` takes its slot. */
  resume(attempt: LeasedAttempt): UploadLease {
    const parked = this.unpark(attempt.upload.id);
    return (parked ?? new UploadLease(this.sources)).resume(attempt);
  }

  /**
   * Between two requests of a resumable upload. The room is given back after UPLOAD_IDLE_TIMEOUT, so that an abandoned
   * upload does not block others for a day.
   */
  park(id: string, lease: UploadLease): void {
    lease.leave();
    if (lease.space === null) return;
    this.drop(id);
    const timer = setTimeout(() => this.drop(id), 1000 * this.config.UPLOAD_IDLE_TIMEOUT);
    timer.unref();
    this.parked.set(id, { lease, timer });
  }

  /** Gives back the room of a resumable upload that is over. */
  drop(id: string): void {
    this.unpark(id)?.release();
  }

  /** Resolves when no upload is under way. */
  whenIdle(): Promise<void> {
    if (this.taken === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private unpark(id: string): UploadLease | null {
    const parked = this.parked.get(id);
    if (!parked) return null;
    clearTimeout(parked.timer);
    this.parked.delete(id);
    return parked.lease;
  }

  private take(sender: Sender, attemptsLeft: number | null = null): () => void {
    this.assertOpen();
    if (this.taken >= this.config.MAX_UPLOADS) throw new TooManyUploads();
    const endShare = this.shares.take(sender, attemptsLeft);
    this.taken += 1;
    return () => {
      endShare();
      this.taken -= 1;
      if (this.taken === 0) for (const resolve of this.idle.splice(0)) resolve();
    };
  }
}
