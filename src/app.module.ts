import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { ArchivesModule } from './archives/archives.module.js';
import { DownloadsModule } from './archives/downloads/downloads.module.js';
import { ReceiptsModule } from './archives/receipts/receipts.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BackupModule } from './backup/backup.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import type { Instance } from './database/instance.js';
import { DeletionModule } from './deletion/deletion.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { MonitoringModule } from './health/monitoring/monitoring.module.js';
import { OverviewModule } from './dashboard/overview.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { UploadScriptModule } from './static/upload-script/upload-script.module.js';
import { BlobsModule } from './storage/blobs/blobs.module.js';
import { StorageModule } from './storage/storage.module.js';
import { ThrottlingModule } from './throttling/throttling.module.js';
import { IntakeModule } from './uploads/intake/intake.module.js';
import { UploadsModule } from './uploads/uploads.module.js';

/** What has to be open before the modules are built. */
export interface Resources {
  readonly config: Config;
  readonly secretKey: string;
  readonly dataSource: DataSource;
  readonly instance: Instance;
}

@Module({})
export class AppModule {
  static of({ config, secretKey, dataSource, instance }: Resources): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        SecretsModule.of(secretKey),
        DatabaseModule.of(dataSource, instance),
        HttpModule,
        MetricsModule,
        StorageModule,
        BlobsModule,
        JobsModule,
        // Express tries the routes in their order: first those that are asked all the time.
        HealthModule,
        AuditModule,
        EventsModule,
        ThrottlingModule,
        AuthModule,
        UploadsModule,
        // Named here so that POST /archives stays before GET /archives in the API document.
        IntakeModule,
        ArchivesModule,
        DownloadsModule,
        ReceiptsModule,
        DeletionModule,
        MaintenanceModule,
        BackupModule,
        UploadScriptModule,
        MonitoringModule,
        OverviewModule,
      ],
    };
  }
}
