import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'express';

/** What a client of ours may send, with values that mean nothing; without one of these some client does not work. */
export const sentHeaders = {
  'tus-resumable': '1.0.0',
  'upload-offset': '4096',
  'upload-length': '8192',
  'upload-metadata': 'filename bG9ncy50Z3o=',
  'upload-checksum': 'sha256 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'upload-defer-length': '1',
  'content-digest': 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:',
  'idempotency-key': 'doctor',
  'upload-token': 'doctor',
  authorization: 'Bearer doctor',
  cookie: 'lc_doctor=1',
  range: 'bytes=10-19',
  'if-range': '"doctor"',
  origin: 'https://doctor.invalid',
  'sec-fetch-site': 'cross-site',
} as const;

/** What proxies say and rewrite. */
const telling = [
  ...['host', 'connection', 'via', 'forwarded', 'x-real-ip', 'content-type'],
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix'],
  ...['content-length', 'transfer-encoding', 'expect'],
];

/** Those that are asked about, as they arrived. */
export const echoed = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    [...Object.keys(sentHeaders), ...telling].flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );

/** What clients of ours read of an answer, with values that mean nothing. */
export const answeredHeaders = {
  'tus-resumable': '1.0.0',
  'tus-version': '1.0.0',
  'tus-extension': 'creation',
  'tus-max-size': '1',
  'upload-offset': '4096',
  'upload-length': '8192',
  'upload-expires': 'Thu, 20 Nov 2025 10:00:00 GMT',
  'archive-id': 'doctor',
  'repr-digest': 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:',
  etag: '"doctor"',
  'accept-ranges': 'bytes',
  'content-disposition': 'attachment; filename="doctor"',
} as const;

/** As the answer to a new resumable upload names it: relative to the host. */
export const answeredLocation = (prefix: string): string => `${prefix}/api/v1/uploads/doctor`;

export const giveBack = (res: Response, prefix: string): void => {
  for (const [name, value] of Object.entries(answeredHeaders)) res.setHeader(name, value);
  res.setHeader('location', answeredLocation(prefix));
};
