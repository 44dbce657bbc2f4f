import type { EntityManager, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { runText } from './statement.js';

/** By the properties that are given. */
const texts = new WeakMap<EntityMetadata, Map<string, string>>();

const textOf = (metadata: EntityMetadata, columns: EntityMetadata['columns']): string => {
  const known = texts.get(metadata) ?? new Map<string, string>();
  texts.set(metadata, known);
  const key = columns.map(({ propertyName }) => propertyName).join();
  let text = known.get(key);
  if (text === undefined) {
    const names = columns.map(({ databaseName }) => `"${databaseName}"`);
    const places = columns.map(({ propertyName }) => `:${propertyName}`);
    text = `INSERT INTO "${metadata.tableName}" (${names.join(', ')}) VALUES (${places.join(', ')})`;
    known.set(key, text);
  }
  return text;
};

/**
 * Inserts one row, for the paths that are walked often. `manager.insert` takes several times as long: it writes its text
 * anew, and merges what the database generated back into the object, where the program makes all values itself.
 * A property that is not given, or undefined, is left to the column's default.
 */
export const insertRow = async <Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  row: QueryDeepPartialEntity<Row>,
): Promise<void> => {
  const { dataSource } = manager;
  const metadata = dataSource.getMetadata(entity);
  const given: Readonly<Record<string, unknown>> = row;
  const columns = metadata.columns.filter(({ propertyName }) => given[propertyName] !== undefined);
  const values = columns.map((column): [string, unknown] => [
    column.propertyName,
    dataSource.driver.preparePersistentValue(given[column.propertyName], column),
  ]);
  await runText(manager, textOf(metadata, columns), Object.fromEntries(values));
};
