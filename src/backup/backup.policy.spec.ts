import 'reflect-metadata';
import { getMetadataArgsStorage } from 'typeorm';
import { schema } from '../schema.js';
import {
  isSnapshotName,
  keptTables,
  leftTables,
  parentsFirst,
  portable,
  snapshotName,
} from './backup.policy.js';

describe('what a backup keeps', () => {
  it('is decided for every table that there is', () => {
    const entities = Object.values(schema.entities) as unknown[];
    const tables = getMetadataArgsStorage()
      .tables.filter(({ target }) => entities.includes(target))
      .map(({ name }) => name);
    expect(tables).toHaveLength(entities.length);
    expect(tables.sort()).toEqual([...keptTables, ...Object.keys(leftTables)].sort());
  });

  it('comes in an order in which it can be inserted', () => {
    expect(
      parentsFirst([
        { name: 'archives', parents: ['tickets', 'tokens'] },
        { name: 'tickets', parents: ['platforms', 'tickets'] },
        { name: 'tokens', parents: ['tickets'] },
        { name: 'users', parents: ['elsewhere'] },
        { name: 'platforms', parents: [] },
      ]),
    ).toEqual(['platforms', 'tickets', 'tokens', 'archives', 'users']);
  });

  it('is the same whichever database says it', () => {
    expect(portable('boolean', 1)).toBe(true);
    expect(portable('boolean', false)).toBe(false);
    expect(portable('bigint', '1763640000000')).toBe(1_763_640_000_000);
    expect(portable('integer', 7)).toBe(7);
    expect(portable('varchar', '007')).toBe('007');
    for (const type of ['boolean', 'bigint', 'text']) expect(portable(type, null)).toBeNull();
  });
});

describe('the name of a snapshot', () => {
  const now = new Date('2025-11-20T10:11:12.123Z');

  it('is its moment, as any file system takes it', () => {
    expect(snapshotName(now, undefined)).toBe('2025-11-20T10-11-12.123Z');
    expect(isSnapshotName('2025-11-20T10-11-12.123Z')).toBe(true);
    for (const name of ['..', 'latest', '2025-11-20T10:11:12.123Z', '2025-11-20'])
      expect(isSnapshotName(name)).toBe(false);
  });

  it('comes after the newest, also where the clock went back', () => {
    expect(snapshotName(now, '2025-11-20T10-11-12.123Z')).toBe('2025-11-20T10-11-12.124Z');
    expect(snapshotName(now, '2026-01-01T00-00-00.999Z')).toBe('2026-01-01T00-00-01.000Z');
    expect(snapshotName(now, '2025-11-19T23-59-59.999Z')).toBe('2025-11-20T10-11-12.123Z');
  });
});
