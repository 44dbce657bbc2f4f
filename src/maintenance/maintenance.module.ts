import { Module } from '@nestjs/common';
import { DownloadsModule } from '../archives/downloads/downloads.module.js';
import { DeletionModule } from '../deletion/deletion.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { JobOperationsModule } from './jobs/job-operations.module.js';
import { ScrubService } from './scrub.service.js';
import { StoreIdentity } from './store-identity.service.js';
import { SweepService } from './sweep.service.js';
import { VerifyService } from './verify.service.js';

@Module({
  imports: [DeletionModule, DownloadsModule, JobOperationsModule, UploadsModule],
  providers: [ScrubService, StoreIdentity, SweepService, VerifyService],
  exports: [StoreIdentity, SweepService, VerifyService],
})
export class MaintenanceModule {}
