import { Module } from '@nestjs/common';
import { ArchivesModule } from '../../archives/archives.module.js';
import { ThrottlingModule } from '../../throttling/throttling.module.js';
import { TicketsModule } from '../../tickets/tickets.module.js';
import { RecordsModule } from '../records/records.module.js';
import { SideCarsModule } from '../side-cars/side-cars.module.js';
import { TransferModule } from '../../http/transfer/transfer.module.js';
import { AdmissionService } from './admission.service.js';
import { CompletionService } from './completion.service.js';
import { IntakeController } from './intake.controller.js';
import { IntakeService } from './intake.service.js';
import { UploadLeases } from './upload-leases.service.js';

@Module({
  imports: [
    ArchivesModule,
    RecordsModule,
    SideCarsModule,
    ThrottlingModule,
    TicketsModule,
    TransferModule,
  ],
  controllers: [IntakeController],
  providers: [AdmissionService, CompletionService, IntakeService, UploadLeases],
  exports: [AdmissionService, CompletionService, UploadLeases],
})
export class IntakeModule {}
