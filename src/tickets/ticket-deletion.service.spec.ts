import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { EventsService } from '../events/events.service.js';
import type { MarkedMethods } from '../jobs/marked-methods.js';
import { ParticipantMissing } from '../platforms/deletion-participants.js';
import { PlatformsService } from '../platforms/platforms.service.js';
import { Keyring } from '../secrets/secrets.js';
import { TicketDeletion } from './ticket-deletion.service.js';

const dataSource = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
const events = new EventsService(new AuditService(dataSource, new Keyring('a key for this spec')), {
  of: () => [],
} as unknown as MarkedMethods);

it('does not let a service start that would delete a ticket and leave its files', () => {
  const platforms = new PlatformsService(dataSource, events);
  const deletion = new TicketDeletion(dataSource, platforms, events);
  expect(() => deletion.onApplicationBootstrap()).toThrow(ParticipantMissing);
  deletion.participants.register('files', {
    remove: () => Promise.resolve(() => Promise.resolve()),
  });
  expect(() => deletion.onApplicationBootstrap()).not.toThrow();
});

it('does not let a service start that could not delete the tickets of a platform', () => {
  const platforms = new PlatformsService(dataSource, events);
  expect(() => platforms.onApplicationBootstrap()).toThrow(ParticipantMissing);
  new TicketDeletion(dataSource, platforms, events).onModuleInit();
  expect(() => platforms.onApplicationBootstrap()).not.toThrow();
});
