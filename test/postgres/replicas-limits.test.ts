import { Client } from 'pg';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { replicaProcesses } from '../support/replica-processes.js';
import type { Replicas } from '../support/replica-processes.js';
import { startedService } from '../support/service.js';
import { upload } from '../support/upload.js';

describe('of three replicas', () => {
  const rate = 240;
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await replicaProcesses({ API_RATE: `${rate}`, LOGIN_RATE: `${rate}` });
  });

  const get = (url: string, address: string): Promise<Answer> =>
    send(`${url}/api/v1/tickets`, { method: 'GET', headers: { 'X-Forwarded-For': address } });

  /** Too little to be a password: nothing is hashed for it. */
  const login = (url: string, address: string): Promise<Answer> =>
    send(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
      body: '{}',
    });

  it.each([
    ['API_RATE', get, 'credentials-missing', '192.0.2.1', '192.0.2.2'],
    ['LOGIN_RATE', login, 'validation-failed', '192.0.2.3', '192.0.2.4'],
  ] as const)(
    'each soon holds what came to all of them to %s',
    async (_name, ask, code, one, other) => {
      const { front, all } = replicas;
      const first = await Promise.all(Array.from({ length: rate }, () => ask(front.url, one)));
      for (const answer of first.slice(0, rate / 3)) expectProblem(answer, code);
      // Each has counted a third by itself, and would let two thirds more come.
      const tries = await Promise.all(
        all.map(async ({ url }) => {
          let let_ = 0;
          await eventually(async () => {
            const answer = await ask(url, one);
            if (answer.status !== 429) let_ += 1;
            expectProblem(answer, 'rate-limited');
          });
          return let_;
        }),
      );
      for (const count of tries) expect(count).toBeLessThan((2 * rate) / 3);
      expectProblem(await ask(front.url, one), 'rate-limited');
      expectProblem(await ask(front.url, other), code);
    },
  );
});

describe('DATABASE_POOL', () => {
  it.each([2, 6])(
    'of %i has no more connections than that, and twenty uploads at once come through',
    async (pool) => {
      const service = await startedService({ DATABASE_POOL: `${pool}` });
      const client = new Client({ connectionString: service.place.databaseUrl });
      await client.connect();
      const connections = async (): Promise<number> => {
        const { rows } = await client.query<{ count: string }>(
          `SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'logs-collector'`,
        );
        return Number(rows[0]?.count);
      };
      const tokens = await Promise.all(
        Array.from({ length: 20 }, () => service.given.uploadToken({ attempts: 1 })),
      );
      let most = 0;
      const over = new AbortController();
      const watched = (async () => {
        while (!over.signal.aborted) most = Math.max(most, await connections());
      })();
      const answers = await Promise.all(
        tokens.map((token, seed) =>
          upload(service.url, token, { bytes: noise(300_000, seed), way: 'put' }),
        ),
      );
      over.abort();
      await watched;
      await client.end();
      expect(answers.map(({ status }) => status)).toEqual(Array.from(answers, () => 201));
      expect(most).toBe(pool);
      expect(service.log.events('http.failed')).toEqual([]);
    },
  );
});
