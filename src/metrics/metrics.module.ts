import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Everybody may count; src/monitoring shows it. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
