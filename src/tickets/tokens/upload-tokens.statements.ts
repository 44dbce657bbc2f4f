import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { Statement } from '../../database/statement.js';
import { UploadToken } from './upload-token.entity.js';

// Not findOne with relations: that looks twice where there is a row, and once where there is none.
const known = (manager: EntityManager): SelectQueryBuilder<UploadToken> =>
  manager
    .createQueryBuilder(UploadToken, 'token')
    .innerJoinAndSelect('token.ticket', 'ticket')
    .innerJoinAndSelect('ticket.platform', 'platform');

export const byHash = new Statement<{ hash: string }>((manager) =>
  known(manager).where('token.hash = :hash'),
);

export const byId = new Statement<{ id: string }>((manager) =>
  known(manager).where('token.id = :id'),
);

export const takeAttempt = new Statement<{
  id: string;
  now: number;
  maxFailures: number;
  no: boolean;
}>((manager) =>
  manager
    .createQueryBuilder()
    .update(UploadToken)
    .set({ attemptsLeft: () => 'attempts_left - 1' })
    .where('id = :id AND attempts_left > 0 AND revoked_at IS NULL')
    .andWhere('expires_at > :now AND failures < :maxFailures')
    .andWhere('ticket_id IN (SELECT id FROM tickets WHERE resolved = :no)'),
);

export const keepAttempt = new Statement<{ id: string }>(
  (manager) =>
    manager
      .createQueryBuilder()
      .update(UploadToken)
      .set({ failures: 0 })
      .where('id = :id AND revoked_at IS NULL'),
  'attempts_left AS "left"',
);
