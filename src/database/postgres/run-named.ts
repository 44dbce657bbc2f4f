import type { ClientBase, QueryConfig } from 'pg';
import { QueryFailedError, QueryResult } from 'typeorm';
import type { QueryRunner } from 'typeorm';

/**
 * Runs a statement that the connection parses and plans once, under its name.
 * @throws QueryFailedError
 */
export const runNamed = async (
  runner: QueryRunner,
  query: QueryConfig & { readonly values: unknown[] },
): Promise<QueryResult> => {
  runner.dataSource.logger.logQuery(query.text, query.values, runner);
  // TypeORM says `any`; releasing the runner gives the connection back.
  const client = (await runner.connect()) as ClientBase;
  try {
    const { rows, rowCount } = await client.query<Record<string, unknown>>(query);
    const result = new QueryResult<Record<string, unknown>>();
    result.raw = result.records = rows;
    if (rowCount !== null) result.affected = rowCount;
    return result;
  } catch (cause) {
    throw new QueryFailedError(query.text, query.values, cause as Error);
  }
};
