import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { inScratchFolder, startService } from '../scripts/running-service.js';
import { Admin } from './client.js';
import { ask, atOnce, inForm, later, seconds, stalling, steadily } from './slow-client.js';
import type { Answered, Pieces } from './slow-client.js';

/**
 * Whether a bad line is put up with as long as it moves, and a dead one is not: `npm run bench:slow`.
 * For SECONDS (330: more than the five minutes after which servers and proxies like to give up) a file comes steadily
 * at RATE bytes a second (4096) by PUT, as a form and in one PATCH of a resumable upload, all at once. Meanwhile, on
 * another service, two uploads stall: they must be ended, their space must be free again, and the resumable one must
 * come to its end.
 */

const MiB = 1024 ** 2;
const forSeconds = Number(process.env['SECONDS'] || 330);
const rate = Number(process.env['RATE'] || 4096);

/** UPLOAD_IDLE_TIMEOUT of the service on which uploads stall. */
const idleSeconds = 5;
/** What a stalled upload declares: much more than the volume changes between two looks at it. */
const declaredBytes = 256 * MiB;
const sentBeforeStall = 64 * 1024;

const person = { username: 'bench', password: 'plain words make long pass phrases' };

interface TokenState {
  readonly attemptsLeft: number;
  readonly freeBytes: number;
  readonly archives: readonly { readonly filename: string; readonly sha256: string }[];
}

interface Place {
  readonly folder: string;
  readonly url: string;
  readonly proof: Readonly<Record<string, string>>;
}

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Starts a service with one token, and stops it when the work is done. */
const withService = async <Result>(
  folder: string,
  env: Readonly<Record<string, string>>,
  work: (place: Place) => Promise<Result>,
): Promise<Result> => {
  mkdirSync(folder);
  const service = await startService(folder, {
    ADMIN_USERNAME: person.username,
    ADMIN_PASSWORD: person.password,
    MIN_FREE_BYTES: '0',
    ...env,
  });
  try {
    const admin = new Admin(service.url);
    await admin.signIn(person.username, person.password);
    await admin.send('POST', '/platforms', { name: 'bench', title: 'Bench' });
    const { token } = await admin.send<{ token: { value: string } }>('POST', '/tickets', {
      platform: 'bench',
      number: 'BENCH-1',
    });
    return await work({
      folder,
      url: `${service.url}/api/v1`,
      proof: { 'Upload-Token': token.value },
    });
  } finally {
    await service.stop();
  }
};

const stateOf = async ({ url, proof }: Place): Promise<TokenState> => {
  const { text } = await ask(`${url}/upload-token`, { method: 'GET', headers: proof });
  return JSON.parse(text) as TokenState;
};

/** Begins a resumable upload. @returns its address */
const begin = async ({ url, proof }: Place, name: string, length: number): Promise<string> => {
  const { status, headers, text } = await ask(`${url}/uploads`, {
    method: 'POST',
    headers: {
      ...proof,
      'Tus-Resumable': '1.0.0',
      'Upload-Length': length,
      'Upload-Metadata': `filename ${Buffer.from(name).toString('base64')}`,
    },
  });
  check(status === 201, `an upload was not begun: ${status} ${text}`);
  return new URL(headers.location ?? '', url).href;
};

const patch = (at: string, { proof }: Place, offset: number, pieces: Pieces): Promise<Answered> =>
  ask(
    at,
    {
      method: 'PATCH',
      headers: {
        ...proof,
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': offset,
        'Content-Type': 'application/offset+octet-stream',
      },
    },
    pieces,
  );

const steady = (place: Place): Promise<string[]> => {
  const bytes = randomBytes(Math.round(forSeconds * rate));
  const { url, proof } = place;
  const slow = steadily(bytes, forSeconds);
  const form = inForm('logs-collector-bench', 'form.log', slow);
  const length = { 'Content-Length': bytes.length };
  const ways = {
    PUT: () =>
      ask(`${url}/archives/put.log`, { method: 'PUT', headers: { ...proof, ...length } }, slow),
    form: () =>
      ask(
        `${url}/archives`,
        { method: 'POST', headers: { ...proof, ...form.headers } },
        form.pieces,
      ),
    tus: async () => patch(await begin(place, 'tus.log', bytes.length), place, 0, slow),
  };
  return Promise.all(
    Object.entries(ways).map(async ([way, send]) => {
      const answer = await send();
      const wanted = way === 'tus' ? 204 : 201;
      check(answer.status === wanted, `${way}: ${answer.status} ${answer.text}`);
      check(answer.seconds >= forSeconds, `${way} took only ${answer.seconds} s`);
      const { archives } = await stateOf(place);
      const stored = archives.find(({ filename }) => filename === `${way.toLowerCase()}.log`);
      check(stored?.sha256 === sha256(bytes), `${way}: ${stored?.sha256} is stored`);
      return `| ${way} | ${answer.status} | ${bytes.length} | ${answer.seconds.toFixed(1)} |`;
    }),
  );
};

/** Whether the service keeps what a stalled upload declared: freeBytes is then so much less than the volume has. */
const isReserved = async (place: Place): Promise<boolean> => {
  const { bavail, bsize } = statfsSync(place.folder);
  return bavail * bsize - (await stateOf(place)).freeBytes > declaredBytes / 2;
};

/** Stalls one upload. @returns what the report says of it */
const stalled = async (
  place: Place,
  way: string,
  bytes: Buffer,
  send: (pieces: Pieces) => Promise<Answered>,
): Promise<string> => {
  const sending = send(stalling(bytes.subarray(0, sentBeforeStall), 4 * idleSeconds));
  await later((1000 * idleSeconds) / 2);
  check(await isReserved(place), `${way}: the declared length is not reserved`);
  const answer = await sending;
  check(answer.status === 408, `${way}: ${answer.status} ${answer.text}`);
  check(answer.seconds >= idleSeconds, `${way} was ended after ${answer.seconds} s`);
  const ended = performance.now();
  while (await isReserved(place)) {
    check(seconds(ended) < 3 * idleSeconds, `${way}: its space is not given back`);
    await later(100);
  }
  return `| ${way} | 408 after ${answer.seconds.toFixed(1)} s | after ${seconds(ended).toFixed(1)} s more |`;
};

const stalls = async (place: Place): Promise<string[]> => {
  const { url, proof } = place;
  const bytes = randomBytes(declaredBytes);
  const { attemptsLeft } = await stateOf(place);
  const headers = { ...proof, 'Content-Length': declaredBytes };
  const put = await stalled(place, 'PUT', bytes, (pieces) =>
    ask(`${url}/archives/put.log`, { method: 'PUT', headers }, pieces),
  );
  const given = await stateOf(place);
  check(given.attemptsLeft === attemptsLeft, 'the attempt of the stalled PUT is not given back');

  let at = '';
  const tus = await stalled(place, 'tus', bytes, async (pieces) => {
    at = await begin(place, 'tus.log', declaredBytes);
    return patch(at, place, 0, pieces);
  });
  const head = await ask(at, { method: 'HEAD', headers: { ...proof, 'Tus-Resumable': '1.0.0' } });
  const offset = Number(head.headers['upload-offset']);
  check(offset === sentBeforeStall, `tus: HEAD says ${offset}`);
  const rest = await patch(at, place, offset, atOnce(bytes.subarray(offset)));
  check(rest.status === 204, `tus: ${rest.status} ${rest.text}`);
  const { archives } = await stateOf(place);
  check(archives[0]?.sha256 === sha256(bytes), `tus: ${archives[0]?.sha256} is stored`);
  return [`${put} attempt given back |`, `${tus} resumed at ${offset}, stored whole |`];
};

const bench = async (folder: string): Promise<void> => {
  console.log(
    `Steady at ${rate} bytes/s for ${forSeconds} s; stalled with UPLOAD_IDLE_TIMEOUT=${idleSeconds}. Node ${process.version}\n`,
  );
  const env = { UPLOAD_IDLE_TIMEOUT: String(idleSeconds) };
  const [even, uneven] = await Promise.all([
    withService(join(folder, 'steady'), {}, steady),
    withService(join(folder, 'stalled'), env, stalls),
  ]);
  console.log(
    ['| steady | answer | bytes | seconds |', '| --- | --- | --- | --- |', ...even].join('\n'),
  );
  console.log(
    [
      '\n| stalled | ended | space free again | then |',
      '| --- | --- | --- | --- |',
      ...uneven,
    ].join('\n'),
  );
  console.log('\nPASS: every byte is stored as it was sent');
};

inScratchFolder('logs-collector-bench-', bench).catch((cause: unknown) => {
  console.error(`FAIL: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exitCode = 1;
});
