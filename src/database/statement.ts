import type { DataSource, EntityManager, EntityTarget, ObjectLiteral, QueryResult } from 'typeorm';
import { isPostgres } from './data-source.js';
import { runNamed } from './postgres/run-named.js';

/** A value as the database keeps it: transformers do not see it, so moments are epoch milliseconds. */
type Bound = string | number | boolean | null;

/** What TypeORM's builders of statements have in common. */
interface Builder {
  getQuery(): string;
  getParameters(): ObjectLiteral;
}

type Row = Readonly<Record<string, unknown>>;

/** A statement as the driver takes it. */
interface Compiled {
  readonly text: string;
  /** Names of the parameters, in the order in which they are bound. */
  readonly places: readonly string[];
  /** Under which a connection of PostgreSQL keeps it parsed and planned. */
  readonly name: string;
}

interface Written {
  readonly compiled: Compiled;
  /** What the builder itself bound, whatever the parameters. */
  readonly constants: ObjectLiteral;
}

/**
 * SQL for hot paths: built once for each database, then only bound. TypeORM takes longer to write a statement than
 * SQLite takes to run it.
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

  private run(manager: EntityManager, parameters: Parameters): Promise<QueryResult> {
    const { compiled, constants } = this.on(manager, parameters);
    const values = compiled.places.map(
      (name): unknown => parameters[name] ?? constants[name] ?? null,
    );
    return runCompiled(manager, compiled, values);
  }

  private on(manager: EntityManager, parameters: Parameters): Written {
    const known = this.written.get(manager.dataSource);
    if (known) return known;
    const builder = this.build(manager);
    const clause = this.returning === null ? '' : ` RETURNING ${this.returning}`;
    const text = builder.getQuery() + clause;
    // Some are made while the text is written.
    const constants = builder.getParameters();
    const names = Object.keys({ ...constants, ...parameters });
    const written = {
      compiled: compile(manager.dataSource, text, names),
      constants,
    };
    this.written.set(manager.dataSource, written);
    return written;
  }
}

let compiled = 0;

/** @param names of all parameters that the text may hold */
export const compile = (
  { driver }: DataSource,
  text: string,
  names: readonly string[],
): Compiled => {
  // Each name stands in for its value, and the driver tells where it goes.
  const [positional, places] = driver.escapeQueryWithParameters(
    text,
    Object.fromEntries(names.map((name) => [name, name])),
  ) as [string, string[]];
  return { text: positional, places, name: `hot-${(compiled += 1)}` };
};

/** Runs it in the manager's transaction or in none. */
export const runCompiled = async (
  { dataSource, queryRunner }: EntityManager,
  { text, name }: Compiled,
  values: unknown[],
): Promise<QueryResult> => {
  const runner = queryRunner ?? dataSource.createQueryRunner();
  try {
    return isPostgres(dataSource)
      ? await runNamed(runner, { text, values, name })
      : await runner.query(text, values, true);
  } finally {
    if (runner !== queryRunner) await runner.release();
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
