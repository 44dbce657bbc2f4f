import { Module } from '@nestjs/common';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { ArchiveDeletion } from './archive-deletion.service.js';
import { ArchivesController } from './archives.controller.js';
import { ArchivesService } from './archives.service.js';
import { Tombstones } from './tombstones.service.js';

@Module({
  imports: [PlatformsModule, TicketsModule],
  controllers: [ArchivesController],
  providers: [ArchiveDeletion, ArchivesService, Tombstones],
  exports: [ArchiveDeletion, ArchivesService, Tombstones],
})
export class ArchivesModule {}
