import { NotFound } from '../errors/errors.js';
import { jobStates } from '../jobs/job.entity.js';
import type { JobState } from '../jobs/job.entity.js';
import { JobOperations } from '../maintenance/jobs/job-operations.service.js';
import { operator, print, withService } from './command.js';

const isState = (text: string): text is JobState => jobStates.some((state) => state === text);

export const listJobs = async ({
  state,
  kind,
}: {
  state?: string;
  kind?: string;
}): Promise<void> => {
  if (state !== undefined && !isState(state))
    throw new Error(`--state holds "${state}"; it may hold ${jobStates.join(', ')}`);
  const filter = { ...(state && { state }), ...(kind && { kind }) };
  await withService(async (service) => {
    const jobs = service.get(JobOperations);
    let cursor: string | null = null;
    do {
      const query = { ...filter, limit: 200, ...(cursor && { cursor }) };
      const { items, nextCursor } = await jobs.list(query);
      for (const { id, kind: does, subject, state: is, attempts, dueAt, lastError } of items)
        print([id, does, subject ?? '-', is, attempts, dueAt, lastError ?? '-'].join('\t'));
      cursor = nextCursor;
    } while (cursor);
  });
};

export const retryJob = async (id: string): Promise<void> => {
  await withService((service) =>
    service
      .get(JobOperations)
      .retry(id, operator)
      .catch((cause: unknown) => {
        if (!(cause instanceof NotFound)) throw cause;
        throw new Error(`There is no job "${id}"; see: logs-collector jobs list`, { cause });
      }),
  );
  print(`${id} runs again as soon as a worker is free.`);
};
