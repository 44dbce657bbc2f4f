import type { Response } from 'express';

/** How long a client waits before it connects again. */
const retryMs = 2_000;
/** Proxies and this server end a connection on which nothing moves; and who hears none knows that the line is dead. */
const heartbeatMs = 15_000;
/** Who takes nothing for so long is gone, or does not want it. */
const stuckMs = 60_000;

/** One server-sent event, ready to be written. */
export type EventText = string & { readonly brand: 'EventText' };

/** @param data JSON: it holds no line break */
export const eventText = (event: string, data: string, id?: number): EventText =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n` as EventText;

const heartbeat = eventText('beat', '{}');

/**
 * An answer of server-sent events (WHATWG HTML, "Server-sent events") to a client that wants the newest state, and not
 * each that ever was: while it does not read, only the newest event is kept for it.
 */
export class EventStream {
  private waiting: EventText | null = null;
  private isEnded = false;
  private stuckSince: number | null = null;
  private readonly heartbeat: NodeJS.Timeout;

  /** @param onEnd called once, whoever ends it */
  constructor(
    private readonly res: Response,
    onEnd: () => void,
  ) {
    res.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    res.setHeader('Cache-Control', 'no-store');
    // nginx would gather events before it passes them on.
    res.setHeader('X-Accel-Buffering', 'no');
    this.heartbeat = setInterval(() => this.beat(), heartbeatMs);
    this.heartbeat.unref();
    res.on('drain', () => this.goOn());
    res.once('close', () => {
      this.isEnded = true;
      clearInterval(this.heartbeat);
      onEnd();
    });
    // A broken connection is followed by `close`.
    res.on('error', () => undefined);
    res.write(`retry: ${retryMs}\n\n`);
  }

  /** Sends it at once, or as soon as the client has taken what was sent before and nothing newer has come. */
  offer(event: EventText): void {
    if (this.isEnded) return;
    if (this.res.writableNeedDrain) {
      this.waiting = event;
      this.stuckSince ??= Date.now();
    } else this.res.write(event);
  }

  /** Ends it. @param last after what waits */
  end(last?: EventText): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.res.end(`${this.waiting ?? ''}${last ?? ''}`);
    // The end of one who reads nothing would wait for ever.
    if (this.stuckSince !== null) this.res.destroy();
  }

  private goOn(): void {
    const event = this.waiting;
    this.waiting = null;
    this.stuckSince = null;
    if (event !== null) this.offer(event);
  }

  private beat(): void {
    // An event, not a comment, which a page would not get to see.
    if (!this.res.writableNeedDrain) this.res.write(heartbeat);
    else if (Date.now() - (this.stuckSince ??= Date.now()) >= stuckMs) this.res.destroy();
  }
}
