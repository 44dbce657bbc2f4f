import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives/archives.module.js';
import { BackupService } from './backup.service.js';
import { RestoredService } from './restored.service.js';

@Module({
  imports: [ArchivesModule],
  providers: [BackupService, RestoredService],
  exports: [BackupService, RestoredService],
})
export class BackupModule {}
