import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { eventually } from './eventually.js';
import { send } from './http.js';
import type { Answer } from './http.js';
import { upload } from './upload.js';
import type { Uploading } from './upload.js';

/** What the holder of a token sees of it. */
export const tokenState = async (
  url: string,
  { value }: { readonly value: string },
): Promise<Answer['body']> => {
  const answer = await send(`${url}/api/v1/upload-token`, {
    method: 'GET',
    headers: { 'Upload-Token': value },
  });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};

/** An upload whose bytes come when the story says so. */
export interface UnderWay {
  readonly answer: Promise<Answer>;
  write(bytes: Buffer | string): Promise<void>;
  /** Ends the body. */
  finish(last?: Buffer | string): Promise<Answer>;
  /** The customer's connection breaks. */
  breakOff(): void;
}

/** @param source the body of the request that is answered with `answer` */
export const underWay = (source: PassThrough, answer: Promise<Answer>): UnderWay => ({
  answer,
  write: async (bytes) => {
    if (!source.write(bytes)) await once(source, 'drain');
  },
  finish: (last) => {
    source.end(last);
    return answer;
  },
  breakOff: () => void source.destroy(new Error('the line broke')),
});

/** Starts an upload and resolves when its attempt is reserved. The token must have no other upload just now. */
export const uploadUnderWay = async (
  url: string,
  token: { readonly value: string },
  uploading: Omit<Uploading, 'bytes'> = {},
  first: Buffer | string = 'the first bytes',
): Promise<UnderWay> => {
  const { attemptsLeft } = await tokenState(url, token);
  const source = new PassThrough();
  const answer = upload(url, token, { way: 'put', ...uploading, bytes: source });
  answer.catch(() => undefined);
  source.write(first);
  const reserved = eventually(async () =>
    expect(await tokenState(url, token)).toMatchObject({ attemptsLeft: attemptsLeft - 1 }),
  );
  const early = answer.then(({ status, text }) => {
    throw new Error(`answered ${status} before the upload began: ${text}`);
  });
  early.catch(() => undefined);
  await Promise.race([reserved, early]);
  return underWay(source, answer);
};
