import { Module } from '@nestjs/common';
import { SourcesSchedule } from './sources.schedule.js';
import { SourcesService } from './sources.service.js';

@Module({
  providers: [SourcesService, SourcesSchedule],
  exports: [SourcesService],
})
export class SourcesModule {}
