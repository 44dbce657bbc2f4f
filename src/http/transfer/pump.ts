import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { UploadAborted } from './transfer.errors.js';

/**
 * Feeds a request's body into `sink` and resolves when the sink has finished.
 * Not `stream.pipeline`: that destroys the request when the sink fails, and with it the socket on which the refusal
 * is still to be answered. Here a failure only stops the reading.
 * @param whenCut 'flush': what came before the cut is still handed on, and then the sink has finished
 * @throws UploadAborted where the connection broke; the signal's reason; what the sink threw
 */
export const pump = (
  req: IncomingMessage,
  sink: Writable,
  signal: AbortSignal,
  whenCut: 'destroy' | 'flush' = 'destroy',
): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (cause?: Error): void => {
      req.unpipe(sink);
      req.pause();
      req.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      sink.off('finish', onFinish);
      if (cause === undefined) resolve();
      else if (whenCut === 'flush' && !sink.destroyed) sink.end(() => reject(cause));
      else {
        sink.destroy();
        reject(cause);
      }
    };
    const onClose = (): void => {
      if (!req.readableEnded) stop(new UploadAborted());
    };
    const onAbort = (): void => stop(signal.reason as Error);
    const onFinish = (): void => stop();
    if (signal.aborted) return stop(signal.reason as Error);
    if (req.destroyed && !req.readableEnded) return stop(new UploadAborted());
    req.on('close', onClose);
    // The error of a broken connection comes before its close; without a listener it would end the process.
    req.on('error', () => undefined);
    signal.addEventListener('abort', onAbort);
    sink.on('finish', onFinish);
    // Stays on: an error after the end of the pumping must not end the process either.
    sink.on('error', stop);
    req.pipe(sink);
  });
