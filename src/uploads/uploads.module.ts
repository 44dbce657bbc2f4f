import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives/archives.module.js';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { UploadTokensModule } from '../tickets/tokens/upload-tokens.module.js';
import { AttemptsController } from './attempts/attempts.controller.js';
import { AttemptsService } from './attempts/attempts.service.js';
import { ReceivedService } from './attempts/received.service.js';
import { AdmissionService } from './intake/admission.service.js';
import { CompletionService } from './intake/completion.service.js';
import { IntakeController } from './intake/intake.controller.js';
import { IntakeService } from './intake/intake.service.js';
import { UploadWatch } from './intake/upload-watch.js';
import { UploadsService } from './records/uploads.service.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { ReceiptsService } from './receipts/receipts.service.js';
import { AppendingService } from './resumable/appending.service.js';
import { BetweenRequests } from './resumable/between-requests.js';
import { HoldsElsewhere } from './resumable/holds-elsewhere.service.js';
import { ResumableCompletion } from './resumable/resumable-completion.service.js';
import { ResumableController } from './resumable/resumable.controller.js';
import { ResumableRows } from './resumable/resumable-rows.service.js';
import { ResumableService } from './resumable/resumable.service.js';
import { ReadBack } from './side-cars/read-back.service.js';
import { SideCarsService } from './side-cars/side-cars.service.js';

@Module({
  imports: [ArchivesModule, PlatformsModule, ThrottlingModule, TicketsModule, UploadTokensModule],
  controllers: [IntakeController, AttemptsController, ReceiptsController, ResumableController],
  providers: [
    AdmissionService,
    AppendingService,
    AttemptsService,
    BetweenRequests,
    CompletionService,
    HoldsElsewhere,
    IntakeService,
    ReadBack,
    ReceiptsService,
    ReceivedService,
    ResumableCompletion,
    ResumableRows,
    ResumableService,
    SideCarsService,
    UploadWatch,
    UploadsService,
  ],
  exports: [
    AdmissionService,
    HoldsElsewhere,
    ReceivedService,
    ResumableRows,
    SideCarsService,
    UploadsService,
  ],
})
export class UploadsModule {}
