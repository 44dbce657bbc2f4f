import { Mutex } from './mutex.js';

it('is given to one at a time, in the order of asking', async () => {
  const mutex = new Mutex();
  const order: number[] = [];
  const first = await mutex.acquire();
  expect(mutex.tryAcquire()).toBeNull();
  const later = [1, 2, 3].map(async (at) => {
    const release = await mutex.acquire();
    order.push(at);
    expect(mutex.tryAcquire()).toBeNull();
    release();
  });
  expect(order).toEqual([]);
  first();
  // Handed on to the one that waits, not to whoever asks at this moment.
  expect(mutex.tryAcquire()).toBeNull();
  await Promise.all(later);
  expect(order).toEqual([1, 2, 3]);
  expect(mutex.tryAcquire()).not.toBeNull();
});
