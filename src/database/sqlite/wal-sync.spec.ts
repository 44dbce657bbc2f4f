import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WalNotSynced, WalSync } from './wal-sync.js';

let folder: string;
let database: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wal-'));
  database = join(folder, 'a.sqlite');
  writeFileSync(database, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('lets everybody go on whose commit is durable', async () => {
  writeFileSync(`${database}-wal`, 'frames');
  const wal = new WalSync(database);
  await Promise.all([wal.commit(), wal.commit(), wal.settle()]);
  await wal.close();
});

it('keeps nobody waiting, and opens nothing, where nothing was committed', async () => {
  await expect(new WalSync(database).settle()).resolves.toBeUndefined();
});

it('tells nobody anything any more once a sync has failed, also who only reads', async () => {
  const wal = new WalSync(database);
  await expect(wal.commit()).rejects.toThrow(WalNotSynced);
  // The system would let the next one succeed.
  writeFileSync(`${database}-wal`, 'frames');
  await expect(wal.settle()).rejects.toThrow(WalNotSynced);
  await expect(wal.commit()).rejects.toThrow(WalNotSynced);
  await wal.close();
});
