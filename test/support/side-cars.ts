import { DataSource } from 'typeorm';
import { DigestClaim } from '../../src/uploads/side-cars/digest-claim.entity.js';
import { md5Of, sha256Of } from './bytes.js';
import type { Answer } from './http.js';
import type { TestService } from './service.js';
import { boundary, upload } from './upload.js';
import type { Uploading } from './upload.js';

export const algorithms = ['md5', 'sha256'] as const;
export type Algorithm = (typeof algorithms)[number];

export const digestBy: Readonly<Record<Algorithm, (bytes: Buffer | string) => string>> = {
  md5: md5Of,
  sha256: sha256Of,
};

/** What a side-car's request looks like: a form with its length, as curl -F sends it, and one without. */
export const sideCarWays = ['form', 'chunked form', 'put', 'post'] as const;

export interface SideCarSending {
  readonly way?: (typeof sideCarWays)[number];
  /** Name of the file that it is about. */
  readonly file?: string;
  readonly algorithm?: Algorithm;
  /** The file's bytes, whose digest it claims. */
  readonly of?: Buffer | string;
  /** Its own bytes, where they are not those of md5sum and sha256sum. */
  readonly text?: string;
  readonly headers?: Uploading['headers'];
}

/** Bytes of the form around a file: what the name and the content do not count towards. */
const formBytes = Buffer.byteLength(
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename=""\r\n` +
    `Content-Type: application/octet-stream\r\n\r\n\r\n--${boundary}--\r\n`,
);

/** Sends the side-car of a file, on a connection of its own. */
export const sendSideCar = (
  url: string,
  token: { readonly value: string } | null,
  {
    way = 'put',
    file = 'logs.tgz',
    algorithm = 'md5',
    of = 'some logs',
    text = `${digestBy[algorithm](of)}  ${file}\n`,
    headers = {},
  }: SideCarSending = {},
): Promise<Answer> => {
  const name = `${file}.${algorithm}`;
  if (way === 'chunked form')
    return upload(url, token, { way: 'form', name, bytes: text, headers });
  const length = formBytes + Buffer.byteLength(name) + Buffer.byteLength(text);
  const declared = way === 'form' ? { 'Content-Length': length } : {};
  return upload(url, token, { way, name, bytes: text, headers: { ...declared, ...headers } });
};

/** Claims of a token that wait for their file. */
export const pendingClaims = (
  { app }: Pick<TestService, 'app'>,
  { id }: { readonly id: string },
): Promise<DigestClaim[]> =>
  app.get(DataSource).manager.find(DigestClaim, { where: { tokenId: id }, order: { id: 'ASC' } });
