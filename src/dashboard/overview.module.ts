import { Module } from '@nestjs/common';
import { UploadsModule } from '../uploads/uploads.module.js';
import { SessionsModule } from '../auth/sessions/sessions.module.js';
import { HealthModule } from '../health/health.module.js';
import { ArrivalsService } from './arrivals.service.js';
import { OverviewController } from './overview.controller.js';
import { OverviewService } from './overview.service.js';
import { RoomService } from './room.service.js';
import { SenderWatch } from './sender-watch.js';
import { StoredDays } from './stored-days.service.js';
import { TroublesService } from './troubles.service.js';
import { WaitingService } from './waiting.service.js';
import { WatchersService } from './watchers.service.js';

/** The status board: one look, or a live one, at all that a support desk has under way. */
@Module({
  imports: [UploadsModule, HealthModule, SessionsModule],
  controllers: [OverviewController],
  providers: [
    ArrivalsService,
    OverviewService,
    RoomService,
    SenderWatch,
    StoredDays,
    TroublesService,
    WaitingService,
    WatchersService,
  ],
})
export class OverviewModule {}
