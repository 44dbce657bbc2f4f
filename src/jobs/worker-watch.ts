import { Injectable, Logger } from '@nestjs/common';
import { Instance } from '../database/instance.js';
import { Every, minuteMs } from './decorators.js';

/** A process that only serves says so in its log when no process works. */
@Injectable()
export class WorkerWatch {
  private readonly log = new Logger(WorkerWatch.name);
  private isMissing = false;

  constructor(private readonly instance: Instance) {}

  /** Once, and not each minute. The first look is a minute after the start: all may have been started together. */
  @Every(minuteMs, 'each')
  async look(): Promise<void> {
    const isMissing = !(await this.instance.hasWorker());
    if (isMissing && !this.isMissing) this.log.warn({ event: 'worker.missing' });
    if (!isMissing && this.isMissing) this.log.log({ event: 'worker.back' });
    this.isMissing = isMissing;
  }
}
