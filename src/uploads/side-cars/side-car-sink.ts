import { Writable } from 'node:stream';
import { MeteredSink } from '../transfer/metered-sink.js';
import { SideCarUnreadable } from './side-cars.errors.js';
import { maxSideCarBytes } from './side-cars.policy.js';
import type { ClaimedAlgorithm } from './side-cars.policy.js';

/** Takes the body of a side-car. */
export interface SideCarSink {
  readonly sink: MeteredSink;
  /** All that came, once the sink has finished. */
  readonly text: () => string;
}

/**
 * The one place where a body gathers in memory: which of its lines is meant only the whole text says, and its limit
 * is far below what a connection buffers anyway.
 */
export const sideCarSink = (algorithm: ClaimedAlgorithm): SideCarSink => {
  const pieces: Buffer[] = [];
  const gathering = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  const limit = maxSideCarBytes;
  const exceeded = (): Error => new SideCarUnreadable(algorithm);
  return {
    sink: new MeteredSink(gathering, { limit, exceeded, space: null }),
    text: () => Buffer.concat(pieces).toString('utf8'),
  };
};
