import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MeteredSink } from './metered-sink.js';
import type { Meter } from './metered-sink.js';

const meter: Meter = { limit: 1000, exceeded: () => new Error('too large'), space: null };

/** Takes bytes, and fails at its last write, as a disk that fills up does. */
const failingTarget = (): Writable =>
  new Writable({
    write: (_chunk, _encoding, done) => setImmediate(() => done(new Error('no space left'))),
  });

describe('the one pass over the bytes', () => {
  it('never takes a failed last write for the end of a whole file', async () => {
    const sink = new MeteredSink(failingTarget(), meter, []);
    await expect(pipeline(Readable.from([Buffer.from('logs')]), sink)).rejects.toThrow(
      'no space left',
    );
  });

  it('shows each byte to every tap, and ends when the target has taken everything', async () => {
    let taken = 0;
    const target = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        setImmediate(() => {
          taken += chunk.length;
          done();
        });
      },
    });
    const [whole, ofRequest] = [createHash('sha256'), createHash('md5')];
    const sink = new MeteredSink(target, meter, [whole, ofRequest], 100);
    await pipeline(Readable.from([Buffer.alloc(300), Buffer.alloc(400)]), sink);
    expect({ taken, size: sink.size }).toEqual({ taken: 700, size: 800 });
    const bytes = Buffer.alloc(700);
    expect(whole.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(ofRequest.digest('hex')).toBe(createHash('md5').update(bytes).digest('hex'));
  });

  it('takes as much as its limit and refuses one byte more', async () => {
    await pipeline(Readable.from([Buffer.alloc(1000)]), new MeteredSink(null, meter, []));
    await expect(
      pipeline(
        Readable.from([Buffer.alloc(1000), Buffer.alloc(1)]),
        new MeteredSink(null, meter, []),
      ),
    ).rejects.toThrow('too large');
  });
});
