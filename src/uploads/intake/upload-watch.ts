import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from '../../config/config.js';
import { ShuttingDown } from '../../errors/errors.js';
import { Draining } from '../../http/draining.js';
import { UploadAborted, UploadStalled } from '../transfer/transfer.errors.js';
import { watchPace } from '../transfer/pace.js';

/** Ends a request that brings bytes: when too few come, its connection breaks, or the shutdown's grace runs out. */
@Injectable()
export class UploadWatch {
  constructor(
    private readonly draining: Draining,
    private readonly config: Config,
  ) {}

  /**
   * @param abort aborted with UploadStalled, UploadAborted or ShuttingDown
   * @param isWaiting whether it is we who do not read: that time is not the client's, and neither is what comes after
   * its last byte, when the store may still be taking what it was given. Stores have time limits of their own.
   * @returns the function that ends the watch
   */
  begin(req: Request, abort: AbortController, isWaiting: () => boolean): () => void {
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
