import { Module } from '@nestjs/common';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { ArchiveBlobs } from './archive-blobs.service.js';
import { ArchiveDeletion } from './archive-deletion.service.js';
import { ArchivesController } from './archives.controller.js';
import { ArchivesService } from './archives.service.js';
import { ReadBack } from './read-back.service.js';

@Module({
  imports: [PlatformsModule, TicketsModule],
  controllers: [ArchivesController],
  providers: [ArchiveBlobs, ArchiveDeletion, ArchivesService, ReadBack],
  exports: [ArchiveBlobs, ArchiveDeletion, ArchivesService, ReadBack],
})
export class ArchivesModule {}
