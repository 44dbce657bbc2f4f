import type { Row } from './backup.policy.js';
import { Settling } from './settling.policy.js';

const at = new Date('2025-11-20T10:00:00Z');
const upload = (id: string, token: string): Row => ({
  id,
  token_id: token,
  way: 'tus',
  filename: 'logs.tgz',
  declared_bytes: 100,
  address: '192.0.2.7',
  began_at: 5,
  writer: 'somebody',
});

const through = async (settling: Settling, table: string, rows: readonly Row[]) => {
  const settled: Row[] = [];
  async function* batches() {
    yield await Promise.resolve(rows);
  }
  for await (const batch of settling.rows(table, batches())) settled.push(...batch);
  return settled;
};

describe('the copy of what was under way', () => {
  const settling = new Settling([upload('u1', 't1'), upload('u2', 't1'), upload('u3', 't2')], at);

  it('gives each attempt back to its token', async () => {
    const tokens = ['t1', 't2', 't3'].map((id) => ({ id, attempts_left: 3, failures: 1 }));
    expect(await through(settling, 'upload_tokens', tokens)).toEqual([
      { id: 't1', attempts_left: 5, failures: 1 },
      { id: 't2', attempts_left: 4, failures: 1 },
      { id: 't3', attempts_left: 3, failures: 1 },
    ]);
  });

  it('leaves out blobs that were being written, and no others', async () => {
    const blobs = ['coming', 'stored', 'damaged'].map((state) => ({ key: state, state }));
    const copied = await through(settling, 'blobs', blobs);
    expect(copied.map(({ key }) => key)).toEqual(['stored', 'damaged']);
  });

  it('remembers each as interrupted, after those that had ended', async () => {
    const attempts = await through(settling, 'attempts', [{ id: 'a0', outcome: 'stored' }]);
    expect(attempts.map(({ id }) => id)).toEqual(['a0', 'u1', 'u2', 'u3']);
    expect(attempts[1]).toEqual({
      id: 'u1',
      token_id: 't1',
      outcome: 'failed',
      reason: 'interrupted',
      way: 'tus',
      filename: 'logs.tgz',
      bytes: null,
      declared_bytes: 100,
      address: '192.0.2.7',
      began_at: 5,
      ended_at: at.getTime(),
    });
  });

  it('leaves the id of the store behind, and all else as it is', async () => {
    const rows = [
      { name: 'store-id', value: 'x' },
      { name: 'audit-head', value: '1:y' },
    ];
    expect(await through(settling, 'settings', rows)).toEqual([rows[1]]);
    expect(await through(settling, 'users', rows)).toEqual(rows);
  });
});
