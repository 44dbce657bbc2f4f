import { BackupNewer } from './backup.errors.js';
import type { Manifest } from './manifest.js';
import { schemaAt } from './restore.js';

const migration = (name: string) => Object.defineProperty(() => undefined, 'name', { value: name });
const [first, second, third] = [migration('First'), migration('Second'), migration('Third')];
const schema = { entities: [], migrations: [first, second, third] };
const madeWith = (...migrations: string[]) => ({
  name: '2025-11-20T10-11-12.123Z',
  manifest: { migrations } as Partial<Manifest> as Manifest,
});

it('rows go into the schema that they were copied from; later migrations come after them', () => {
  expect(schemaAt(schema, madeWith('First', 'Second')).migrations).toEqual([first, second]);
  expect(schemaAt(schema, madeWith('First', 'Second', 'Third'))).toEqual(schema);
});

it('a backup with a migration that is not known here is a newer program’s', () => {
  expect(() => schemaAt(schema, madeWith('First', 'Fourth'))).toThrow(BackupNewer);
});
