import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Whether the service is going down: ready says 503, and no new upload begins. */
@Injectable()
export class Draining {
  private readonly controller = new AbortController();
  private begun = false;

  constructor() {
    // One listener an upload under way.
    setMaxListeners(0, this.controller.signal);
  }

  get isDraining(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }

  /** Aborted when the grace is over: uploads still under way end cleanly. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  endNow(): void {
    this.controller.abort();
  }
}
