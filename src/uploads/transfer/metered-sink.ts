import { Writable } from 'node:stream';
import { newDigest } from '../../secrets/digest.js';
import type { Digest } from '../../secrets/digest.js';
import type { SpaceReservation } from '../../storage/free-space.js';

/** What may stop the bytes: each limit is on bytes seen, whatever was declared. */
export interface Meter {
  /** Most bytes that are taken. */
  readonly limit: number;
  /** The error for one byte more. */
  readonly exceeded: () => Error;
  /** Room on the volume; null where nothing is stored. */
  readonly space: SpaceReservation | null;
}

/** Where the bytes of this request go on. */
export interface Before {
  /** Bytes that came with earlier requests. */
  readonly size: number;
  /** SHA-256 of exactly those; goes on from there. */
  readonly digest: Digest;
  /** Takes this request's bytes alone, where it claims their digest. */
  readonly request?: Digest | null;
}

/**
 * The one pass over an upload's bytes: counts, limits, hashes and hands them on to `target`, whose back-pressure it
 * passes back. Where `target` is null the bytes are only counted and hashed (a repeated upload).
 */
export class MeteredSink extends Writable {
  /** Bytes seen, with those before. */
  size: number;
  private readonly digest: Digest;
  private readonly onTargetError = (cause: Error): void => void this.destroy(cause);

  constructor(
    private readonly target: Writable | null,
    private readonly meter: Meter,
    private readonly before: Before = { size: 0, digest: newDigest() },
  ) {
    super();
    this.size = before.size;
    this.digest = before.digest;
    target?.once('error', this.onTargetError);
  }

  /** SHA-256 of all bytes, lower-case hex; call once, after the sink has finished. */
  sha256(): string {
    return this.digest.digest('hex');
  }

  override _write(chunk: Buffer, _encoding: string, done: (cause?: Error) => void): void {
    this.size += chunk.length;
    if (this.size > this.meter.limit) {
      done(this.meter.exceeded());
      return;
    }
    this.digest.update(chunk);
    this.before.request?.update(chunk);
    const room = this.meter.space?.use(chunk.length) ?? null;
    if (room) room.then(() => this.forward(chunk, done), done);
    else this.forward(chunk, done);
  }

  override _final(done: (cause?: Error) => void): void {
    // The callback also says that the last write failed; that must not look like the end of a whole file.
    if (this.target) this.target.end((cause?: Error | null) => done(cause ?? undefined));
    else done();
  }

  private forward(chunk: Buffer, done: () => void): void {
    if (!this.target || this.target.write(chunk)) done();
    else this.target.once('drain', done);
  }
}
