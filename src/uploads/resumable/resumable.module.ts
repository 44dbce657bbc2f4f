import { Module } from '@nestjs/common';
import { IntakeModule } from '../intake/intake.module.js';
import { RecordsModule } from '../records/records.module.js';
import { TransferModule } from '../../http/transfer/transfer.module.js';
import { AppendingService } from './appending.service.js';
import { HoldsElsewhere } from './holds-elsewhere.service.js';
import { ResumableCompletion } from './resumable-completion.service.js';
import { ResumableController } from './resumable.controller.js';
import { ResumableService } from './resumable.service.js';
import { ResumeCache } from './resume-cache.js';

@Module({
  imports: [IntakeModule, RecordsModule, TransferModule],
  controllers: [ResumableController],
  providers: [AppendingService, HoldsElsewhere, ResumableCompletion, ResumableService, ResumeCache],
  exports: [HoldsElsewhere, ResumableService],
})
export class ResumableModule {}
