import { DomainError } from '../errors/domain-error.js';

export class TicketExists extends DomainError {
  readonly code = 'ticket-exists';
  constructor() {
    super('A ticket with this number exists; issue another token for it, or use another number.');
  }
}

export class TicketResolved extends DomainError {
  readonly code = 'ticket-resolved';
  constructor() {
    super('The ticket is resolved; ask the support engineer to reopen it.');
  }
}
