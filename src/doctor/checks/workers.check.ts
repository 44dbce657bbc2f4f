import { fail, ok } from '../finding.js';
import type { Finding } from '../finding.js';

/** @param hasWorker whether a process that lives runs jobs */
export const judgeWorkers = (hasWorker: boolean): Finding =>
  hasWorker
    ? ok('workers', 'a process runs jobs.')
    : fail(
        'workers',
        'no process runs jobs: what is enqueued waits, and nothing runs by the clock.',
        'start "logs-collector work", or "serve" without --no-jobs.',
      );
