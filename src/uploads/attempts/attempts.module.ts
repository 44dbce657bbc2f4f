import { Module } from '@nestjs/common';
import { TicketsModule } from '../../tickets/tickets.module.js';
import { RecordsModule } from '../records/records.module.js';
import { AttemptsController } from './attempts.controller.js';
import { AttemptsService } from './attempts.service.js';
import { ReceivedService } from './received.service.js';

@Module({
  imports: [RecordsModule, TicketsModule],
  controllers: [AttemptsController],
  providers: [AttemptsService, ReceivedService],
  exports: [ReceivedService],
})
export class AttemptsModule {}
