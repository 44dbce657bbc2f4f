import { DomainError } from '../../errors/domain-error.js';

export class JobNotDead extends DomainError {
  readonly code = 'job-not-dead';
  constructor() {
    super('Leave this job alone: it is waiting or running, and is tried again automatically.');
  }
}
