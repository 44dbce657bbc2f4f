import { Module } from '@nestjs/common';
import { MaintenanceModule } from '../maintenance/maintenance.module.js';
import { BackupService } from './backup.service.js';
import { RestoredService } from './restored.service.js';

@Module({
  imports: [MaintenanceModule],
  providers: [BackupService, RestoredService],
  exports: [BackupService, RestoredService],
})
export class BackupModule {}
