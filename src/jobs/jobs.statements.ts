import { Statement } from '../database/statement.js';
import { Job } from './job.entity.js';

/** Jobs of a kind that wait and are due, the longest waiting first. */
export const waitingOfKind = new Statement<{ kind: string; now: number }>((manager) =>
  manager
    .createQueryBuilder(Job, 'job')
    .select('job.id', 'id')
    .addSelect('job.dueAt', 'due')
    .where("job.kind = :kind AND job.state <> 'dead' AND job.slot IS NULL AND job.dueAt <= :now")
    .orderBy('job.dueAt')
    .limit(50),
);

/** Whoever changes the row holds the job: what it was when it was seen is the condition. */
export const claimJob = new Statement<{
  id: string;
  seen: number;
  slot: number;
  lease: string;
  until: number;
}>(
  (manager) =>
    manager
      .createQueryBuilder()
      .update(Job)
      .set({
        state: 'running',
        attempts: () => 'attempts + 1',
        slot: () => ':slot',
        lease: () => ':lease',
        dueAt: () => ':until',
      })
      .where("id = :id AND due_at = :seen AND state <> 'dead'"),
  'subject, payload, attempts',
);

export const renewLease = new Statement<{ id: string; lease: string; until: number }>((manager) =>
  manager
    .createQueryBuilder()
    .update(Job)
    .set({ dueAt: () => ':until' })
    .where('id = :id AND lease = :lease'),
);
