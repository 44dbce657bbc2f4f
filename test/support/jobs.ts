import type { DataSource } from 'typeorm';
import { Job } from '../../src/jobs/job.entity.js';
import { newId } from '../../src/secrets/secrets.js';

/** Puts a job there as a worker would have left it. @returns its id */
export const jobLeft = async (
  dataSource: DataSource,
  left: Partial<Omit<Job, 'id'>> = {},
): Promise<string> => {
  const [id, now] = [newId(), new Date()];
  await dataSource.manager.insert(Job, {
    kind: 'story',
    subject: null,
    payload: 'null',
    state: 'waiting',
    dueAt: now,
    attempts: 0,
    createdAt: now,
    ...left,
    id,
  });
  return id;
};

/** One that has failed for good. */
export const deadJob = {
  state: 'dead',
  attempts: 8,
  lastError: 'Error: the disk is full',
} as const;
