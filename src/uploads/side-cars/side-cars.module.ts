import { Module } from '@nestjs/common';
import { TicketsModule } from '../../tickets/tickets.module.js';
import { ReadBack } from './read-back.service.js';
import { SideCarsService } from './side-cars.service.js';

@Module({
  imports: [TicketsModule],
  providers: [ReadBack, SideCarsService],
  exports: [ReadBack, SideCarsService],
})
export class SideCarsModule {}
