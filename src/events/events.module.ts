import { Global, Module } from '@nestjs/common';
import { EventsService } from './events.service.js';

/** What happens, told in the transaction of the deed. Any room may record, and marks what it subscribes to. */
@Global()
@Module({ providers: [EventsService], exports: [EventsService] })
export class EventsModule {}
