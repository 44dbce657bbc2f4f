import { Module } from '@nestjs/common';
import { UploadsModule } from '../../uploads/uploads.module.js';
import { AuthenticatorModule } from '../../auth/authenticator.js';
import { HealthModule } from '../health.module.js';
import { GaugesService } from './gauges.service.js';
import { MetricsTokenStrategy } from './metrics-token.strategy.js';
import { MonitoringController } from './monitoring.controller.js';

/** What an operator's Prometheus sees. */
@Module({
  imports: [UploadsModule, AuthenticatorModule, HealthModule],
  controllers: [MonitoringController],
  providers: [GaugesService, MetricsTokenStrategy],
})
export class MonitoringModule {}
