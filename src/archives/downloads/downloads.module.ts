import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives.module.js';
import { ContentsController } from './downloads.controller.js';
import { ContentsService } from './downloads.service.js';

@Module({
  imports: [ArchivesModule],
  controllers: [ContentsController],
  providers: [ContentsService],
  exports: [ContentsService],
})
export class DownloadsModule {}
