import { Writable } from 'node:stream';
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

/** Sees the bytes as they pass: a digest, or whatever else can be told of them in the same pass. */
export interface Tap {
  update(chunk: Buffer): void;
}

/**
 * The one pass over an upload's bytes: counts, limits, shows them to the taps and hands them on to `target`, whose
 * back-pressure it passes back. Where `target` is null the bytes are only seen (a repeated upload).
 */
export class MeteredSink extends Writable {
  private readonly onTargetError = (cause: Error): void => void this.destroy(cause);

  /** @param size bytes of earlier requests; from here on all bytes seen, with those */
  constructor(
    private readonly target: Writable | null,
    private readonly meter: Meter,
    private readonly taps: readonly Tap[],
    public size = 0,
  ) {
    super();
    target?.once('error', this.onTargetError);
  }

  override _write(chunk: Buffer, _encoding: string, done: (cause?: Error) => void): void {
    this.size += chunk.length;
    if (this.size > this.meter.limit) {
      done(this.meter.exceeded());
      return;
    }
    for (const tap of this.taps) tap.update(chunk);
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
