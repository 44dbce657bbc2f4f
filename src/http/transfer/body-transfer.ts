import type { Writable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from '../../config/config.js';
import { ShuttingDown } from '../../errors/errors.js';
import { Draining } from '../draining.js';
import { MeteredSink } from './metered-sink.js';
import type { Meter, Tap } from './metered-sink.js';
import { watchPace } from './pace.js';
import { UploadAborted, UploadStalled } from './transfer.errors.js';

/**
 * The body of one request on its way to the store: the sink that takes it, the watch over its connection, and the
 * signal that ends it when too few bytes come, the connection breaks, or the shutdown's grace runs out.
 */
export class BodyTransfer {
  private sink: MeteredSink | null = null;
  private isHeldBack = false;

  /** @param watch begins the watch and returns what ends it */
  constructor(
    readonly abort: AbortController,
    watch: (isWaiting: () => boolean) => () => void,
  ) {
    this.stopWatching = watch(() => this.isHeldBack || (this.sink?.writableNeedDrain ?? false));
  }

  /** Ends the watch: what is still to do takes as long as it takes. Again is no harm. */
  readonly stopWatching: () => void;

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Bytes of the file seen so far, with those of earlier requests; 0 before it begins. */
  get size(): number {
    return this.sink?.size ?? 0;
  }

  /** While `work` runs we do not read: that time is not the client's. */
  async holdBack<Result>(work: () => Promise<Result>): Promise<Result> {
    this.isHeldBack = true;
    try {
      return await work();
    } finally {
      this.isHeldBack = false;
    }
  }

  /** The file begins: its bytes go into the sink that this gives. @param before bytes of earlier requests */
  open(target: Writable | null, meter: Meter, taps: readonly Tap[], before = 0): MeteredSink {
    this.sink = new MeteredSink(target, meter, taps, before);
    // An error is reported to whoever feeds the sink; one that comes later must not end the process.
    this.sink.on('error', () => undefined);
    target?.on('error', () => undefined);
    return this.sink;
  }

  /** Why it failed: what ended it from our side is the reason, what the streams then said is its echo. */
  reasonOf(cause: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : cause;
  }

  /** Lets go of the target. Again is no harm. */
  close(): void {
    this.stopWatching();
    this.sink?.destroy();
  }
}

/** Begins transfers, and watches over them. */
@Injectable()
export class BodyTransfers {
  constructor(
    private readonly draining: Draining,
    private readonly config: Config,
  ) {}

  /** @param abort aborted with UploadStalled, UploadAborted or ShuttingDown */
  begin(req: Request, abort = new AbortController()): BodyTransfer {
    return new BodyTransfer(abort, (isWaiting) => this.watch(req, abort, isWaiting));
  }

  /**
   * @param isWaiting whether it is we who do not read: that time is not the client's, and neither is what comes after
   * its last byte, when the store may still be taking what it was given. Stores have time limits of their own.
   */
  private watch(req: Request, abort: AbortController, isWaiting: () => boolean): () => void {
    const isOurs = (): boolean => req.complete || isWaiting();
    const endPace = watchPace(req.socket, this.config.UPLOAD_IDLE_TIMEOUT, isOurs, () =>
      abort.abort(new UploadStalled()),
    );
    const onClose = (): void => {
      if (!req.complete) abort.abort(new UploadAborted());
    };
    req.on('close', onClose);
    const onDrained = (): void => abort.abort(new ShuttingDown());
    this.draining.signal.addEventListener('abort', onDrained);
    return () => {
      endPace();
      req.off('close', onClose);
      this.draining.signal.removeEventListener('abort', onDrained);
    };
  }
}
