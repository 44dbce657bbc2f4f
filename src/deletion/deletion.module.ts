import { Module } from '@nestjs/common';
import { ArchivesModule } from '../archives/archives.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { RetentionService } from './retention.service.js';
import { TicketFiles } from './ticket-files.service.js';

@Module({
  imports: [ArchivesModule, TicketsModule],
  providers: [RetentionService, TicketFiles],
  exports: [RetentionService],
})
export class DeletionModule {}
