import { schema } from '../../src/schema.js';
import { noise, sha256Of } from '../support/bytes.js';
import { command } from '../support/command.js';
import { download } from '../support/download.js';
import { placeDump } from '../support/dump.js';
import { eventually } from '../support/eventually.js';
import { admin } from '../support/given.js';
import { expectProblem, send } from '../support/http.js';
import { program } from '../support/program.js';
import { replicaEnv, replicaProcesses } from '../support/replica-processes.js';
import type { Replicas } from '../support/replica-processes.js';
import { tempFolder } from '../support/temp-folder.js';
import { quickRetries, tus, uploadWithTusClient } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';
import { cookieOf, watching } from '../support/watching.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await replicaProcesses({ TOKEN_MAX_FAILURES: '6', UPLOAD_EXPIRY: '2' });
});

/** What the database holds, by table. */
const dumped = async (): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> =>
  new Map(JSON.parse(await placeDump(replicas.place)) as [string, Record<string, unknown>[]][]);

it('three starts at once on an empty database migrate it once and make one first admin', async () => {
  const tables = await dumped();
  expect(tables.get('migrations')).toHaveLength(Object.values(schema.migrations).length);
  expect(tables.get('users')).toEqual([expect.objectContaining({ username: admin.username })]);
  const made = tables.get('audit_events')?.filter(({ action }) => action === 'user.created');
  expect(made).toHaveLength(1);
  const events = (name: string) => replicas.all.flatMap(({ log }) => log.events(name));
  expect(events('database.migrated')).toHaveLength(1);
  expect(events('http.failed')).toEqual([]);
  expect(tables.get('settings')?.filter(({ name }) => name === 'store-id')).toHaveLength(1);
});

it('a session that was made at one is good at all, and ended at one is ended at all', async () => {
  const { given, all, front } = replicas;
  const { api } = await given.engineer();
  const headers = { Cookie: cookieOf(api) };
  const looks = () =>
    Promise.all(
      all.map(({ url }) => send(`${url}/api/v1/auth/session`, { method: 'GET', headers })),
    );
  for (const look of await looks()) expect(look).toMatchObject({ status: 200, body: { aal: 2 } });
  expect([...front.given.values()].every((count) => count > 0)).toBe(true);
  const out = await send(`${all[1].url}/api/v1/auth/logout`, { method: 'POST', headers });
  expect(out).toMatchObject({ status: 204 });
  for (const look of await looks()) expectProblem(look, 'session-expired');
});

it('of thirty uploads at once at all of them, a token of four attempts stores four', async () => {
  const { given, front } = replicas;
  const token = await given.uploadToken({ attempts: 4 });
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      upload(front.url, token, { bytes: noise(50_000, index) }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
  for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 'token-exhausted');
  expect(await tokenState(front.url, token)).toMatchObject({ attemptsLeft: 0 });
});

it('failures of a token that come to all of them lock it at all of them', async () => {
  const { given, all, front } = replicas;
  const token = await given.uploadToken();
  for (let failure = 0; failure < 6; failure += 1)
    expectProblem(await upload(front.url, token, { bytes: '' }), 'file-empty');
  for (const { url } of all) expectProblem(await upload(url, token), 'token-locked');
});

it('a resumable upload goes through all of them, request by request', async () => {
  const { given, front } = replicas;
  const before = new Map(front.given);
  const token = await given.uploadToken();
  const bytes = noise(3_000_000);
  const sent = await uploadWithTusClient(front.url, token, bytes, {
    chunkSize: 250_000,
    retryDelays: quickRetries,
  });
  expect(sent.requests).toHaveLength(13);
  for (const [url, count] of front.given)
    expect(count - (before.get(url) ?? 0)).toBeGreaterThanOrEqual(4);
  const { api } = await given.admin();
  const { body } = await download(api, sent.archiveId).expect(200);
  expect(sha256Of(body as Buffer)).toBe(sha256Of(bytes));
});

it('a board at one of them shows what comes to another one', async () => {
  const { given, all } = replicas;
  const { api } = await given.engineer();
  const watch = await watching(all[0].url, api);
  const token = await given.uploadToken();
  const { body } = await upload(all[2].url, token);
  await watch.until(({ data }) => data?.archives?.[0]?.id === body.id);
  watch.leave();
});

it('an upload that nobody goes on with is given back once, though all of them look for it', async () => {
  const { given, front } = replicas;
  const token = await given.uploadToken({ attempts: 3 });
  const path = await tus(front.url, token).begun({ length: 1000 });
  await tus(front.url, token).patch(path, 0, noise(500));
  expect(await tokenState(front.url, token)).toMatchObject({ attemptsLeft: 2 });
  await eventually(async () =>
    expect(await tokenState(front.url, token)).toMatchObject({ attemptsLeft: 3 }),
  );
  const { api } = await given.admin();
  const tokens = await api.get(`/tickets/${token.ticket}/tokens`).expect(200);
  expect(tokens.body.items).toEqual([expect.objectContaining({ attemptsLeft: 3, failures: 1 })]);
});

it('a process with a key of its own is refused and says why, and the others go on', async () => {
  const { place, all, given } = replicas;
  const { SECRET_KEY: _of, ...withoutKey } = replicaEnv(place);
  const others = [withoutKey, { ...withoutKey, SECRET_KEY: 'another key than that of the others' }];
  for (const env of others) {
    const { code, stdout, stderr } = await (await program(['serve'], env, place)).ended;
    expect({ code, ready: stdout.includes('service.ready') }).toEqual({ code: 1, ready: false });
    expect(stderr).toMatch(
      /^Another process serves this database with another SECRET_KEY; give all of them the same/,
    );
  }
  for (const { url } of all)
    expect(await send(`${url}/health/ready`, { method: 'GET' })).toMatchObject({ status: 200 });
  await given.archive();
  // A command beside them needs none of it.
  expect(await command(['migrate'], { place, env: { DATA_DIR: tempFolder() } })).toMatchObject({
    code: 0,
  });
});

it('in the end the audit is one chain and every archive is as it was sent', async () => {
  const { place } = replicas;
  const { DATA_DIR: _of, ...env } = replicaEnv(place);
  await eventually(async () =>
    expect(await command(['audit', 'verify'], { place, env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ 0 not sealed yet, 0 findings\n/),
    }),
  );
  expect(await command(['verify'], { place, env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+ archives, \d+ bytes, 0 findings\n$/),
  });
  for (const { log } of replicas.all) {
    expect(log.events('http.failed')).toEqual([]);
    expect(log.events('audit.not-sealed')).toEqual([]);
    expect(log.events('process.unhandled')).toEqual([]);
  }
});
