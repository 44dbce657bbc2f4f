import { Module } from '@nestjs/common';
import { ArchivesModule } from '../../archives/archives.module.js';
import { TicketsModule } from '../../tickets/tickets.module.js';
import { AbandonedUploads } from './abandoned-uploads.service.js';
import { UploadHolders } from './upload-holders.service.js';
import { UploadsService } from './uploads.service.js';

/** The rows of uploads and attempts. The other folders of uploads/ stand on it. */
@Module({
  imports: [ArchivesModule, TicketsModule],
  providers: [AbandonedUploads, UploadHolders, UploadsService],
  exports: [AbandonedUploads, UploadHolders, UploadsService],
})
export class RecordsModule {}
