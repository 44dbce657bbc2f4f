import { readFileSync } from 'node:fs';
import { noise, sha256Of } from '../support/bytes.js';
import { command } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import type { Answer } from '../support/http.js';
import type { IssuedToken } from '../support/given.js';
import { replicaEnv, replicaProcesses } from '../support/replica-processes.js';
import type { Replicas } from '../support/replica-processes.js';
import { blobPath, storedFiles } from '../support/store-files.js';
import { quickRetries, uploadWithTusClient } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const attempts = 200;
/** Files of each client. */
const files = 8;

/** Clients that send one file after the other through the balancer, and each file again until it is stored. */
class Load {
  /** SHA-256 of what was answered 201, by the archive's id. */
  readonly stored = new Map<string, string>();
  /** Answers and broken connections after which a file was sent again. */
  readonly again: string[] = [];
  private answered: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly tokens: readonly IssuedToken[],
  ) {}

  /** Resolves when all have stored all their files. */
  async run(): Promise<void> {
    await Promise.all(
      this.tokens.map(async (token, client) => {
        for (let file = 0; file < files; file += 1)
          await (client % 3 === 0 ? this.resumable(token, file) : this.whole(token, file));
      }),
    );
  }

  /** Resolves with the next answer. */
  next(): Promise<void> {
    return new Promise((resolve) => this.answered.push(resolve));
  }

  private store(id: string, bytes: Buffer): void {
    expect(this.stored.has(id)).toBe(false);
    this.stored.set(id, sha256Of(bytes));
    for (const resolve of this.answered.splice(0)) resolve();
  }

  private async whole(token: IssuedToken, file: number): Promise<void> {
    const bytes = noise(200_000 + file, file);
    const headers = { 'Idempotency-Key': `file-${file}` };
    for (;;) {
      const answer = await upload(this.url, token, { bytes, way: 'put', headers }).catch(String);
      if (typeof answer !== 'string' && answer.status === 201)
        return this.store(String(answer.body.id), bytes);
      this.again.push(typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`);
      if (typeof answer !== 'string' && ![409, 502, 503].includes(answer.status))
        throw new Error(this.again.at(-1));
    }
  }

  private async resumable(token: IssuedToken, file: number): Promise<void> {
    const bytes = noise(200_000 + file, file);
    const { archiveId, requests } = await uploadWithTusClient(this.url, token, bytes, {
      chunkSize: 100_000,
      retryDelays: quickRetries,
      headers: { 'Idempotency-Key': `file-${file}` },
    });
    this.again.push(...requests.filter((request) => !/ 20\d$/.test(request)));
    this.store(archiveId, bytes);
  }
}

let replicas: Replicas;
/** SHA-256 of all that must be there. */
const told = new Map<string, string>();
beforeAll(async () => {
  replicas = await replicaProcesses();
});

const loaded = async () => {
  const { given, front } = replicas;
  const tokens = await Promise.all(
    Array.from({ length: 6 }, () => given.uploadToken({ attempts })),
  );
  return { tokens, load: new Load(front.url, tokens) };
};

/** What was told is there, nothing else is, and the program finds nothing wrong. */
const expectAllThere = async (load: Load, tokens: readonly IssuedToken[]): Promise<void> => {
  const { place, given, front } = replicas;
  for (const [id, sha256] of load.stored) told.set(id, sha256);
  for (const [id, sha256] of told) expect(sha256Of(readFileSync(blobPath(place, id)))).toBe(sha256);
  const { api } = await given.admin();
  for (const token of tokens) {
    const listed = await api.get(`/archives?limit=200&ticket=${token.ticket}`).expect(200);
    const items = listed.body.items as { id: string; sha256: string }[];
    expect(items.every(({ id, sha256 }) => load.stored.get(id) === sha256)).toBe(true);
    expect(items).toHaveLength(files);
    const left = { attemptsLeft: attempts - files };
    // What a kill left is given back by one that lives.
    await eventually(async () => expect(await tokenState(front.url, token)).toMatchObject(left));
  }
  const { DATA_DIR: _of, ...env } = replicaEnv(place);
  // What a dead one left is buried each minute, or now.
  expect(await command(['sweep'], { place, env })).toMatchObject({
    stdout: expect.stringMatching(/^0 uploads given back, .* 0 orphans removed\n$/),
  });
  expect(storedFiles(place)).toEqual([...told.keys()].sort());
  expect(await command(['verify'], { place, env })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${told.size} archives,`),
  });
  await eventually(async () =>
    expect(await command(['audit', 'verify'], { place, env })).toMatchObject({ code: 0 }),
  );
};

it('a replica that is killed in the middle of load loses nothing, and its clients go on at the others', async () => {
  const { all, front } = replicas;
  const { tokens, load } = await loaded();
  const [victim, ...others] = all;
  const token = await replicas.given.uploadToken({ attempts: 1 });
  const headers = { 'Idempotency-Key': 'under way' };
  const cut = await uploadUnderWay(victim.url, token, { headers });
  const running = load.run();
  while (load.stored.size < 10) await load.next();
  victim.kill('SIGKILL');
  await victim.ended;
  const before = others.map(({ url }) => front.given.get(url) ?? 0);
  await expect(cut.answer).rejects.toThrow();
  // Its only attempt is still the dead one's, until another replica finds that out.
  const again = await eventually(async () => {
    const answer = await upload(front.url, token, { headers, way: 'put', bytes: noise(1000) });
    expect(answer).toMatchObject({ status: 201, body: { attemptsLeft: 0 } });
    return answer;
  });
  told.set(String(again.body.id), String(again.body.sha256));
  await running;
  expect(load.stored.size).toBe(files * tokens.length);
  others.forEach(({ url }, at) => expect(front.given.get(url)).toBeGreaterThan(before[at] ?? 0));
  await expectAllThere(load, tokens);
  for (const { log } of others) expect(log.events('http.failed')).toEqual([]);
});

it('a replica that is stopped in the middle of load ends what is under way, and nobody notices', async () => {
  const { all, front } = replicas;
  const { tokens, load } = await loaded();
  const [, stopped] = all;
  const slow = await uploadUnderWay(stopped.url, await replicas.given.uploadToken());
  const brokenBefore = front.broken.length;
  const running = load.run();
  while (load.stored.size < 10) await load.next();
  stopped.kill('SIGTERM');
  const notReady = async (): Promise<Answer> =>
    send(`${stopped.url}/health/ready`, { method: 'GET' });
  await eventually(async () => expect(await notReady()).toMatchObject({ status: 503 }));
  await slow.write(noise(100_000));
  const { status, body } = await slow.finish();
  expect(status).toBe(201);
  expect(await stopped.ended).toMatchObject({ code: 0 });
  await running;
  // Who came just as it began to stop was refused before a byte was taken, and went to the next.
  expect(load.again.filter((why) => !/^503 .*"shutting-down"|^\w+ 503$/.test(why))).toEqual([]);
  expect(front.broken.slice(brokenBefore)).toEqual([]);
  told.set(String(body.id), String(body.sha256));
  await expectAllThere(load, tokens);
  for (const { log } of all) expect(log.events('http.failed')).toEqual([]);
});
