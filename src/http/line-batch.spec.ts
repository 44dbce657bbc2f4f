import { setImmediate } from 'node:timers/promises';
import { LineBatch } from './line-batch.js';

it('writes what came in one turn at once, in order, and nothing twice', async () => {
  const written: string[] = [];
  const batch = new LineBatch({
    write: (text: string | Uint8Array) => written.push(String(text)) > 0,
  });
  batch.write('a\n');
  batch.write('b\n');
  expect(written).toEqual([]);
  await setImmediate();
  expect(written).toEqual(['a\nb\n']);
  batch.write('c\n');
  process.emit('exit', 0);
  expect(written).toEqual(['a\nb\n', 'c\n']);
  await setImmediate();
  expect(written).toHaveLength(2);
});
