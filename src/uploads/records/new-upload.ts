import { currentRequest } from '../../http/request-context.js';
import type { Upload, Way } from './upload.entity.js';

/** What is known of every upload from its first header on, and remembered of it. */
export type Begun = Pick<Upload, 'id' | 'way' | 'address' | 'beganAt' | 'declaredBytes'>;

/** What a beginning upload says of itself; its id will be the archive's and the blob's key. */
export interface NewUpload extends Readonly<Begun> {
  /** Null where it comes with the body. */
  readonly filename: string | null;
  readonly idempotencyKey: string | null;
  /** The request that holds one which takes many: nobody else settles it. */
  readonly writer?: string;
  /** What the row of such a one keeps of it. */
  readonly details?: ResumableDetails;
}

export type ResumableDetails = Pick<Upload, 'metadata' | 'sha256'>;

/** What is known of the file that an upload brought, when it fails. */
export interface Brought {
  readonly filename: string | null;
  /** Null where nobody counted. */
  readonly bytes: number | null;
}

/** What was received, once it is durable in the store. */
export interface Received {
  readonly filename: string;
  readonly size: number;
  readonly sha256: string;
}

/** One that begins with this request. */
export const begunNow = (id: string, way: Way, declaredBytes: number | null): Begun => ({
  id,
  way,
  declaredBytes,
  address: currentRequest()?.address ?? '',
  beganAt: new Date(),
});
