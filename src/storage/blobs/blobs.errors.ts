import type { Owner } from './blob-owners.js';

/** The owner was deleted meanwhile: there is nothing to keep any more. */
export class OwnerGone extends Error {
  constructor({ kind, id }: Owner) {
    super(`${kind} ${id} is gone`);
    this.name = 'OwnerGone';
  }
}

/** Another process took this one for dead and cleaned up after it: what was written is lost, and can be written again. */
export class WritingLost extends Error {
  constructor(key: string) {
    super(`blob ${key} was taken for abandoned while it was written`);
    this.name = 'WritingLost';
  }
}
