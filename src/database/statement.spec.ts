import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { Bytes, Flag, Instant } from './columns.js';
import { insertRow } from './insert.js';
import { bindNumbers } from './sqlite/statement-cache.js';
import { Statement, entityIn } from './statement.js';

@Entity('things')
class Thing {
  @PrimaryColumn({ type: 'varchar', name: 'thing_id' })
  id!: string;

  @Bytes('size')
  size!: number;

  @Flag('is_open')
  isOpen!: boolean;

  @Instant('made_at', { nullable: true })
  madeAt!: Date | null;

  @Column({ type: 'simple-json', name: 'details', default: '{}' })
  details!: Record<string, unknown>;
}

const opened = async (): Promise<DataSource> => {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Thing],
    synchronize: true,
  });
  bindNumbers(dataSource.driver as BetterSqlite3Driver);
  return dataSource.initialize();
};

const size = 5 * 1024 ** 3;
const thing = { id: 'a', size, isOpen: true, madeAt: new Date(1_700_000_000_123) };
let dataSource: DataSource;

beforeEach(async () => {
  dataSource = await opened();
  await insertRow(dataSource.manager, Thing, thing);
});

afterEach(() => dataSource.destroy());

const byId = (written: () => void): Statement<{ id: string }> =>
  new Statement((manager) => {
    written();
    return manager.createQueryBuilder(Thing, 'thing').where('thing.id = :id');
  });

const grow = new Statement<{ id: string; by: number }>(
  (manager) =>
    manager
      .createQueryBuilder()
      .update(Thing)
      .set({ size: () => 'size + :by', isOpen: false })
      .where('thing_id = :id'),
  'size AS "now"',
);

it('inserts what is given, and leaves the rest to the defaults', async () => {
  expect(await dataSource.manager.findOneByOrFail(Thing, { id: 'a' })).toEqual({
    ...thing,
    details: {},
  });
  await insertRow(dataSource.manager, Thing, {
    ...thing,
    id: 'b',
    madeAt: null,
    details: { a: 1 },
  });
  const another = await dataSource.manager.findOneByOrFail(Thing, { id: 'b' });
  expect(another).toMatchObject({ madeAt: null, details: { a: 1 } });
});

it('finds the entity as a builder would', async () => {
  const [row = {}] = await byId(() => undefined).rows(dataSource.manager, { id: 'a' });
  const found = entityIn(dataSource.manager, Thing, 'thing', row);
  expect(found).toEqual(await dataSource.manager.findOneByOrFail(Thing, { id: 'a' }));
  expect(found).toBeInstanceOf(Thing);
});

it('is written once for each database, whatever the parameters', async () => {
  const written = jest.fn();
  const statement = byId(written);
  expect(await statement.rows(dataSource.manager, { id: 'a' })).toHaveLength(1);
  expect(await statement.rows(dataSource.manager, { id: 'none' })).toHaveLength(0);
  expect(written).toHaveBeenCalledTimes(1);
  const another = await opened();
  expect(await statement.rows(another.manager, { id: 'a' })).toHaveLength(0);
  expect(written).toHaveBeenCalledTimes(2);
  await another.destroy();
});

it('changes with the builder’s own values and the given ones, and gives back what it made of them', async () => {
  expect(await grow.rows(dataSource.manager, { id: 'a', by: 7 })).toEqual([{ now: size + 7 }]);
  expect(await grow.rows(dataSource.manager, { id: 'none', by: 7 })).toEqual([]);
  const plain = new Statement<{ id: string }>((manager) =>
    manager.createQueryBuilder().delete().from(Thing).where('thing_id = :id'),
  );
  expect(await plain.change(dataSource.manager, { id: 'none' })).toBe(0);
  expect(await plain.change(dataSource.manager, { id: 'a' })).toBe(1);
});
