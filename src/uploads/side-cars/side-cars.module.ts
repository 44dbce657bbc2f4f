import { Module } from '@nestjs/common';
import { ArchivesModule } from '../../archives/archives.module.js';
import { TicketsModule } from '../../tickets/tickets.module.js';
import { SideCarsService } from './side-cars.service.js';

@Module({
  imports: [ArchivesModule, TicketsModule],
  providers: [SideCarsService],
  exports: [SideCarsService],
})
export class SideCarsModule {}
