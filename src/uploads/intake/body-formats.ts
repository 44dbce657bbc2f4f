import { formBody, maxBytesBeforeFile } from '../../http/transfer/body-readers.js';
import type { BodyReader } from '../../http/transfer/body-readers.js';
import { pump } from '../../http/transfer/pump.js';
import type { Way } from '../records/upload.entity.js';

/** How a request brings its file. */
export interface BodyFormat {
  readonly way: Way;
  readonly read: BodyReader;
  /** Bytes of the body that may not be the file's. */
  readonly framing: number;
  /** The file's name, where it is known before the body. */
  readonly filename: string | null;
}

/** The body is the file. */
export const rawBody = (way: Way, filename: string): BodyFormat => ({
  way,
  read: async (req, _res, signal, open) => pump(req, await open(filename, undefined), signal),
  framing: 0,
  filename,
});

/** The file is a part of the form, and so is its name. */
export const multipartForm: BodyFormat = {
  way: 'form',
  read: formBody,
  framing: maxBytesBeforeFile,
  filename: null,
};
