import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives/archives.module.js';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { DeletionController } from './deletion.controller.js';
import { DeletionService } from './deletion.service.js';

@Module({
  imports: [ArchivesModule, PlatformsModule, TicketsModule],
  controllers: [DeletionController],
  providers: [DeletionService],
  exports: [DeletionService],
})
export class DeletionModule {}
