import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { Digest } from '../../secrets/digest.js';
import type { SpaceReservation } from '../../storage/free-space.js';

/** What a process keeps of an unfinished upload from one request to the next. Losing it costs time, never bytes. */
export interface Kept {
  /** SHA-256 of exactly the first `size` bytes. */
  readonly digest: Digest;
  readonly size: number;
  /** Room for what is still to come. */
  readonly space: SpaceReservation | null;
}

interface Entry extends Kept {
  readonly timer: NodeJS.Timeout;
}

/** States of the hash are small, and yet not to be gathered without end. */
const mostEntries = 1_000;

/**
 * The state of the hash stays as long as there is room for it; space is given back after UPLOAD_IDLE_TIMEOUT without
 * a request, since an upload that nobody goes on with must not keep others out for a day.
 */
@Injectable()
export class BetweenRequests implements OnModuleDestroy {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly config: Config) {}

  onModuleDestroy(): void {
    for (const id of [...this.entries.keys()]) this.drop(id);
  }

  /** Hands it to the one request that holds the upload. */
  take(id: string): Kept | null {
    const entry = this.entries.get(id);
    if (!entry) return null;
    clearTimeout(entry.timer);
    this.entries.delete(id);
    return entry;
  }

  put(id: string, kept: Kept): void {
    this.drop(id);
    const timer = setTimeout(() => {
      kept.space?.release();
      this.entries.set(id, { ...kept, space: null, timer });
    }, 1000 * this.config.UPLOAD_IDLE_TIMEOUT);
    timer.unref();
    this.entries.set(id, { ...kept, timer });
    const [oldest] = this.entries.keys();
    if (this.entries.size > mostEntries && oldest !== undefined) this.drop(oldest);
  }

  drop(id: string): void {
    this.take(id)?.space?.release();
  }
}
