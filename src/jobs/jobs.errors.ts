/** The lease ended before the run did, and another run may have begun: what this one still does must not count. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease was lost');
    this.name = 'LeaseLost';
  }
}

/** The process ends: the job is given back and runs elsewhere, or after the next start. */
export class WorkInterrupted extends Error {
  constructor() {
    super('the process is shutting down');
    this.name = 'WorkInterrupted';
  }
}

/** Two handlers of one kind: a mistake in the program. */
export class JobKindUnclear extends TypeError {}
