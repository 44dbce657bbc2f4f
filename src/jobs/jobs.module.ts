import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Handlers } from './handlers.js';
import { JobRunner } from './job-runner.js';
import { JobsService } from './jobs.service.js';
import { MarkedMethods } from './marked-methods.js';
import { PeriodicRunner } from './periodic-runner.js';
import { WorkerWatch } from './worker-watch.js';

/** Work after a transaction, and work by the clock. Any room may enqueue, and marks what it handles. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [Handlers, JobRunner, JobsService, MarkedMethods, PeriodicRunner, WorkerWatch],
  exports: [Handlers, JobRunner, JobsService, MarkedMethods, PeriodicRunner],
})
export class JobsModule {}
