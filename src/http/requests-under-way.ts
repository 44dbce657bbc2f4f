import type { Server, ServerResponse } from 'node:http';

/**
 * Counts the requests of a server. At its end Node waits for every connection, also for those on which nothing was
 * asked yet (a browser connects ahead), or half a request came: those have nothing to lose.
 */
export class RequestsUnderWay {
  private readonly answers = new Set<ServerResponse>();
  private waiting: (() => void)[] = [];

  constructor(server: Server) {
    server.on('request', (_req, res) => {
      this.answers.add(res);
      res.once('close', () => this.end(res));
    });
  }

  /** Resolves when each request was answered or broke off. */
  whenNone(): Promise<void> {
    if (this.answers.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private end(res: ServerResponse): void {
    this.answers.delete(res);
    if (this.answers.size > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
