import { Module } from '@nestjs/common';
import { JobOperations } from './job-operations.service.js';
import { JobsController } from './jobs.controller.js';

/** Here and not in jobs/, which is below HTTP and the audit. */
@Module({
  controllers: [JobsController],
  providers: [JobOperations],
  exports: [JobOperations],
})
export class JobOperationsModule {}
