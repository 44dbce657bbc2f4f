import { Module } from '@nestjs/common';
import { SourcesModule } from '../auth/sources/sources.module.js';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { UploadTokensModule } from '../upload-tokens/upload-tokens.module.js';
import { ArchivesController } from './archives.controller.js';
import { ArchivesService } from './archives.service.js';
import { AttemptsController } from './attempts/attempts.controller.js';
import { AttemptsService } from './attempts/attempts.service.js';
import { ReceivedService } from './attempts/received.service.js';
import { ContentsController } from './contents/contents.controller.js';
import { ContentsService } from './contents/contents.service.js';
import { DeletionController } from './deletion/deletion.controller.js';
import { DeletionService } from './deletion/deletion.service.js';
import { AdmissionService } from './intake/admission.service.js';
import { CompletionService } from './intake/completion.service.js';
import { IntakeController } from './intake/intake.controller.js';
import { IntakeService } from './intake/intake.service.js';
import { UploadWatch } from './intake/upload-watch.js';
import { UploadsService } from './intake/uploads.service.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { ReceiptsService } from './receipts/receipts.service.js';
import { ReadBack } from './side-cars/read-back.service.js';
import { SideCarsService } from './side-cars/side-cars.service.js';
import { AppendingService } from './resumable/appending.service.js';
import { BetweenRequests } from './resumable/between-requests.js';
import { HoldsElsewhere } from './resumable/holds-elsewhere.service.js';
import { ResumableCompletion } from './resumable/resumable-completion.service.js';
import { ResumableController } from './resumable/resumable.controller.js';
import { ResumableRows } from './resumable/resumable-rows.service.js';
import { ResumableService } from './resumable/resumable.service.js';
import { Tombstones } from './tombstones.js';
import { ScrubService } from './upkeep/scrub.service.js';
import { StoreIdentity } from './upkeep/store-identity.service.js';
import { SweepService } from './upkeep/sweep.service.js';
import { UpkeepSchedule } from './upkeep/upkeep.schedule.js';
import { VerifyService } from './upkeep/verify.service.js';

@Module({
  imports: [PlatformsModule, SourcesModule, TicketsModule, UploadTokensModule],
  controllers: [
    IntakeController,
    ArchivesController,
    AttemptsController,
    ContentsController,
    DeletionController,
    ReceiptsController,
    ResumableController,
  ],
  providers: [
    AdmissionService,
    AppendingService,
    ArchivesService,
    AttemptsService,
    BetweenRequests,
    CompletionService,
    ContentsService,
    DeletionService,
    IntakeService,
    ReadBack,
    ReceiptsService,
    ReceivedService,
    SideCarsService,
    ResumableCompletion,
    ResumableRows,
    HoldsElsewhere,
    ResumableService,
    ScrubService,
    StoreIdentity,
    SweepService,
    Tombstones,
    UpkeepSchedule,
    UploadWatch,
    UploadsService,
    VerifyService,
  ],
  exports: [
    AdmissionService,
    ContentsService,
    DeletionService,
    ReceivedService,
    StoreIdentity,
    SweepService,
    UploadsService,
    VerifyService,
  ],
})
export class ArchivesModule {}
