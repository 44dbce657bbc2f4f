import type { DataSource, EntityManager, EntityTarget, ObjectLiteral, QueryResult } from 'typeorm';

/** A value as the database keeps it: transformers do not see it, so moments are epoch milliseconds. */
type Bound = string | number | boolean | null;

/** What TypeORM's builders of statements have in common. */
interface Builder {
  getQuery(): string;
  getParameters(): ObjectLiteral;
}

type Row = Readonly<Record<string, unknown>>;

interface Written {
  readonly text: string;
  /** What the builder itself bound, whatever the parameters. */
  readonly constants: ObjectLiteral;
}

/**
 * A statement for the paths that are walked often. TypeORM takes longer to write one than SQLite takes to run it: here it
 * is written once for each database, and from then on its parameters are bound.
 */
export class Statement<Parameters extends Readonly<Record<string, Bound>>> {
  private readonly written = new WeakMap<DataSource, Written>();

  /**
   * @param build makes a builder whose text names the parameters (`:id`); it sees none of their values
   * @param returning columns that a change gives back, as SQL: TypeORM knows the clause for PostgreSQL only
   */
  constructor(
    private readonly build: (manager: EntityManager) => Builder,
    private readonly returning: string | null = null,
  ) {}

  /** How many rows it changed. */
  async change(manager: EntityManager, parameters: Parameters): Promise<number> {
    return (await this.run(manager, parameters)).affected ?? 0;
  }

  /** The rows that it found or gives back, under the names of their aliases. */
  async rows(manager: EntityManager, parameters: Parameters): Promise<readonly Row[]> {
    return (await this.run(manager, parameters)).records as Row[];
  }

  private async run(manager: EntityManager, parameters: Parameters): Promise<QueryResult> {
    const { text, constants } = this.on(manager);
    return runText(manager, text, { ...constants, ...parameters });
  }

  private on(manager: EntityManager): Written {
    const known = this.written.get(manager.dataSource);
    if (known) return known;
    const builder = this.build(manager);
    const clause = this.returning === null ? '' : ` RETURNING ${this.returning}`;
    const written = { text: builder.getQuery() + clause, constants: builder.getParameters() };
    this.written.set(manager.dataSource, written);
    return written;
  }
}

/** Runs a text with named parameters, in the manager's transaction or in none. */
export const runText = async (
  { dataSource, queryRunner }: EntityManager,
  text: string,
  parameters: ObjectLiteral,
): Promise<QueryResult> => {
  const query = dataSource.driver.escapeQueryWithParameters(text, parameters);
  if (queryRunner) return queryRunner.query(...query, true);
  const runner = dataSource.createQueryRunner();
  try {
    return await runner.query(...query, true);
  } finally {
    await runner.release();
  }
};

/** The entity in a row that a builder's joined selection found, by the alias that it has there. */
export const entityIn = <Entity extends ObjectLiteral>(
  { dataSource }: EntityManager,
  entity: EntityTarget<Entity>,
  alias: string,
  row: Row,
): Entity => {
  const metadata = dataSource.getMetadata(entity);
  const made = metadata.create() as Entity;
  for (const column of metadata.columns) {
    const value = row[`${alias}_${column.databaseName}`];
    // Not selected.
    if (value === undefined) continue;
    column.setEntityValue(made, dataSource.driver.prepareHydratedValue(value, column));
  }
  return made;
};
