import { loadConfig } from '../../src/config/load-config.js';
import { createLog } from '../../src/http/log.js';
import type { Handlers } from '../../src/jobs/handlers.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { openResources } from '../../src/main.js';
import { Metrics } from '../../src/metrics/metrics.js';

/** A worker that says when it has begun a job of this kind, and never ends it: `worker <kind>`. */
const [kind = ''] = process.argv.slice(2);

const run = (): Promise<never> => {
  process.stdout.write(`${JSON.stringify({ event: 'running' })}\n`);
  return new Promise(() => undefined);
};

const work = async (): Promise<void> => {
  const log = createLog('warn', process.stderr);
  const { dataSource } = await openResources(loadConfig(process.env), log, 'command');
  const handler = { kind, limit: 1, tries: 3, leaseMs: 60_000, run };
  const handlers = { jobs: () => new Map([[kind, handler]]) } as unknown as Handlers;
  new JobRunner(dataSource, handlers, new JobsService(dataSource), new Metrics()).start();
  // The runner's own timers keep no process alive.
  setInterval(() => undefined, 60_000);
};

void work();
