import { Writable } from 'node:stream';
import { partBytes } from './parts.policy.js';

/** Bytes that are to become one part. The buffer is the taker's. */
export interface Gathered {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Two on their way while a third gathers: one alone would leave the line idle at each of the store's answers. */
const mostAtOnce = 2;
const firstBytes = 64 * 1024;

/**
 * Gathers what is written into parts and hands them on, a few at once: so much memory, and no more, whatever the size.
 * The bytes are copied into the part's own buffer, since the small pieces of a slow sender would otherwise keep far more
 * memory than they have bytes.
 */
export class PartSink extends Writable {
  private buffer = Buffer.alloc(0);
  private length = 0;
  private readonly underWay = new Set<Promise<void>>();
  private failed: Error | null = null;
  private written = 0;

  /**
   * @param send hands on a full part
   * @param finish is given what is left when all full parts are stored, also where that is nothing
   * @param offset where the first part begins
   */
  constructor(
    private readonly send: (part: Gathered) => Promise<void>,
    private readonly finish: (rest: Gathered) => Promise<void>,
    private offset = 0,
  ) {
    super({ highWaterMark: 512 * 1024, decodeStrings: true });
  }

  /** Bytes that were written, here or at the store by now. */
  get taken(): number {
    return this.written;
  }

  /** Resolves when nothing is on its way to the store any more, whatever came of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** Puts bytes before all that is written. They are not counted as written. */
  preload(bytes: Buffer): void {
    this.append(bytes);
  }

  override _write(chunk: Buffer, _encoding: string, done: (cause?: Error) => void): void {
    this.take([chunk]).then(() => done(), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (cause?: Error) => void): void {
    this.take(chunks.map(({ chunk }) => chunk)).then(() => done(), done);
  }

  override _final(done: (cause?: Error) => void): void {
    this.drain().then(() => done(), done);
  }

  override _destroy(cause: Error | null, done: (cause?: Error | null) => void): void {
    this.buffer = Buffer.alloc(0);
    this.length = 0;
    done(cause);
  }

  private async take(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      this.written += chunk.length;
      for (let at = 0; at < chunk.length;) {
        const room = partBytes(this.offset) - this.length;
        this.append(chunk.subarray(at, at + room));
        at += room;
        if (this.length === partBytes(this.offset)) await this.pass();
      }
    }
  }

  private async drain(): Promise<void> {
    await Promise.all(this.underWay);
    this.assertAlive();
    const finishing = this.finish(this.cut());
    // The last part is on its way like the others.
    this.underWay.add(finishing);
    await finishing;
  }

  /** Hands the full part on, and waits for a place where there is none. */
  private async pass(): Promise<void> {
    if (this.underWay.size >= mostAtOnce) await Promise.race(this.underWay);
    this.assertAlive();
    const sending: Promise<void> = this.send(this.cut()).then(
      () => void this.underWay.delete(sending),
      (cause: unknown) => {
        this.underWay.delete(sending);
        this.failed ??= cause as Error;
        // Whoever feeds the sink is told at once.
        this.destroy(this.failed);
      },
    );
    this.underWay.add(sending);
  }

  /** A part may have failed, or the upload been given up, while another was waited for. */
  private assertAlive(): void {
    if (this.failed) throw this.failed;
    if (this.destroyed) throw new Error('the upload was given up');
  }

  private cut(): Gathered {
    const part = { offset: this.offset, bytes: this.buffer.subarray(0, this.length) };
    this.offset += this.length;
    this.buffer = Buffer.alloc(0);
    this.length = 0;
    return part;
  }

  private append(bytes: Buffer): void {
    const needed = this.length + bytes.length;
    if (needed > this.buffer.length) {
      const whole = partBytes(this.offset);
      // Most files are small; of one that is not, the next part will be a whole one, too.
      const larger = this.offset > 0 ? whole : Math.max(firstBytes, 4 * this.buffer.length);
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(larger, whole)));
      this.buffer.copy(grown, 0, 0, this.length);
      this.buffer = grown;
    }
    bytes.copy(this.buffer, this.length);
    this.length = needed;
  }
}
