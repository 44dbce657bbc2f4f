import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Whether the service is going down: ready says 503, and no new upload begins. */
@Injectable()
export class Draining {
  private readonly beginning = new AbortController();
  private readonly controller = new AbortController();

  constructor() {
    // One listener an upload under way.
    setMaxListeners(0, this.controller.signal);
  }

  get isDraining(): boolean {
    return this.begun.aborted;
  }

  /** Aborted as soon as it begins: what never ends by itself ends now, and uses up nothing of the grace. */
  get begun(): AbortSignal {
    return this.beginning.signal;
  }

  begin(): void {
    this.beginning.abort();
  }

  /** Aborted when the grace is over: uploads still under way end cleanly. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  endNow(): void {
    this.controller.abort();
  }
}
