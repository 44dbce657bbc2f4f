import { PartSink } from './part-sink.js';

it('is not settled before its last part, which is sent when the writing is over', async () => {
  let begun = (): void => undefined;
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  let arrive = (): void => undefined;
  const sink = new PartSink(
    () => Promise.resolve(),
    () => {
      begun();
      return new Promise<void>((resolve) => (arrive = resolve));
    },
  );
  sink.end('the last bytes');
  await isBegun;
  // Who gives the upload up tells the store so only after this.
  sink.destroy();
  const told: string[] = [];
  const settled = sink.settled().then(() => told.push('settled'));
  await new Promise((resolve) => setImmediate(resolve));
  told.push('arrived');
  arrive();
  await settled;
  expect(told).toEqual(['arrived', 'settled']);
});
