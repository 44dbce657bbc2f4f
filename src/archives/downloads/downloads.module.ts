import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives.module.js';
import { DownloadLinks } from './download-links.service.js';
import { DownloadsController } from './downloads.controller.js';
import { DownloadsService } from './downloads.service.js';

@Module({
  imports: [ArchivesModule],
  controllers: [DownloadsController],
  providers: [DownloadLinks, DownloadsService],
  exports: [DownloadLinks],
})
export class DownloadsModule {}
