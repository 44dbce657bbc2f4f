import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { StorageFull } from '../errors/errors.js';
import { BlobStore } from './blob-store.js';

/** A measurement stays good for so long; what we write meanwhile is subtracted from it. */
const measureEveryMs = 1_000;
/** Space taken ahead for a body of unknown length. */
const aheadBytes = 16 * 1024 * 1024;

/** Free space that one upload under way has taken for itself. */
export interface SpaceReservation {
  /** Says that so many more bytes came. @throws StorageFull when there is no room for more */
  use(bytes: number): Promise<void> | null;
  /** Gives back what was taken and not used. May be called twice. */
  release(): void;
}

/**
 * Room for uploads: what is free, less MIN_FREE_BYTES, less what the uploads under way will still write.
 * A declared length is taken whole at the start, so that two uploads which only fit one after the other are not
 * both begun. Counted in this process: replicas that share a disk see each other's bytes once they are written.
 */
@Injectable()
export class FreeSpace {
  private outstanding = 0;
  private measured = { at: -Infinity, free: 0 };
  private measuring: Promise<void> | null = null;

  constructor(
    private readonly store: BlobStore,
    private readonly config: Config,
  ) {}

  /** Bytes that a new upload may have; Infinity where the store has no bound. */
  async available(): Promise<number> {
    if (Date.now() - this.measured.at > measureEveryMs) await this.measure();
    return Math.max(0, this.room());
  }

  /**
   * @param declared the length of the upload in bytes; null where it is not known
   * @throws StorageFull, StorageUnavailable
   */
  async reserve(declared: number | null): Promise<SpaceReservation> {
    let held = 0;
    let released = false;
    const grow = async (bytes: number): Promise<void> => {
      await this.take(bytes);
      if (released) this.outstanding -= bytes;
      else held += bytes;
    };
    await grow(declared ?? aheadBytes);
    return {
      use: (bytes) => {
        // Written bytes are no longer outstanding; they lower what is free instead.
        const used = Math.min(bytes, held);
        held -= used;
        this.outstanding -= used;
        this.measured.free -= bytes;
        return held === 0 && declared === null ? grow(aheadBytes) : null;
      },
      release: () => {
        released = true;
        this.outstanding -= held;
        held = 0;
      },
    };
  }

  private room(): number {
    return this.measured.free - this.outstanding - this.config.MIN_FREE_BYTES;
  }

  /** No await between the check and the taking: two callers cannot both see the same room. */
  private async take(bytes: number): Promise<void> {
    if (Date.now() - this.measured.at > measureEveryMs) await this.measure();
    // Before refusing, measure anew: something may have been deleted a moment ago.
    if (this.room() < bytes) await this.measure();
    if (this.room() < bytes) throw new StorageFull();
    this.outstanding += bytes;
  }

  /** One measurement at a time serves all who wait. */
  private measure(): Promise<void> {
    this.measuring ??= this.store
      .space()
      .then((space) => {
        // An object store has no volume that could be full: what it refuses, it refuses by itself.
        this.measured = { at: Date.now(), free: space?.free ?? Infinity };
      })
      .finally(() => {
        this.measuring = null;
      });
    return this.measuring;
  }
}
