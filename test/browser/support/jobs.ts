import Database from 'better-sqlite3';
import { v7 } from 'uuid';

const minuteMs = 60_000;

/** Jobs as workers have left them: some that wait, one that runs, and some that failed for good. By SQL: nobody may ask for one. */
export const leaveJobs = (path: string): void => {
  const database = new Database(path);
  const now = Date.now();
  const insert = database.prepare(
    `INSERT INTO jobs (id, kind, subject, payload, state, due_at, attempts, lease, slot, last_error, created_at)
     VALUES (?, ?, ?, 'null', ?, ?, ?, ?, ?, ?, ?)`,
  );
  const leave = (
    kind: string,
    state: 'waiting' | 'running' | 'dead',
    dueInMinutes: number,
    attempts: number,
    lastError: string | null = null,
  ): void => {
    const [lease, slot] = state === 'running' ? [v7(), 0] : [null, null];
    const dueAt = now + dueInMinutes * minuteMs;
    insert.run(
      v7(),
      kind,
      v7(),
      state,
      dueAt,
      attempts,
      lease,
      slot,
      lastError,
      now - 3 * minuteMs,
    );
  };
  leave('reading', 'waiting', -2, 0);
  leave('reading', 'running', 1, 1);
  leave('delivery', 'waiting', 14, 3, 'Error: 503 from https://desk.example.com/hooks/logs');
  leave(
    'delivery',
    'dead',
    -95,
    8,
    'DeliveryRefused: 403 from https://desk.example.com/hooks/logs: the token may not write to this ticket. Ask its owner for the scope tickets:write, or make another one',
  );
  leave('copy', 'dead', -3 * 24 * 60, 8, 'Error: ENOSPC: no space left on device, write');
  database.close();
};
