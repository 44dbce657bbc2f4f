import { isSqlite } from './database.js';
import { startedService } from './service.js';
import type { TestService } from './service.js';

/**
 * Services that share one database: what one process does in turn, several do at the same moment, and only the
 * database can arbitrate. On SQLite, which one process serves, it is this one alone.
 */
export const replicasOf = async (
  service: TestService,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly [TestService, ...TestService[]]> => {
  const others = Array.from({ length: isSqlite ? 0 : count - 1 }, () =>
    startedService(env, service.place),
  );
  return [service, ...(await Promise.all(others))];
};
