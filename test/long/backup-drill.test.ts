import { noise, seeded, sha256Of } from '../support/bytes.js';
import { Backups } from '../support/backups.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { send } from '../support/http.js';
import { startedService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const uploaders = 4;
const made = expect.stringMatching(
  /^backup \S+: \d+ archives, \d+ bytes; \d+ copied, \d+ no longer needed\n$/,
) as string;

/** What a customer was told when an archive was stored. */
type Told = Map<string, string>;

/** Customers who upload and a help desk that deletes, until they are told to stop. */
const work = (url: string, tokens: readonly IssuedToken[], key: string, seed: number) => {
  const random = seeded(seed);
  const told: Told = new Map();
  const wrong: string[] = [];
  let isOver = false;
  const upload_ = async (token: IssuedToken) => {
    while (!isOver) {
      const bytes = noise(1 + random(random(4) === 0 ? 600_000 : 5_000), random(1_000_000));
      const { status, body, text } = await upload(url, token, { bytes });
      if (status === 201) told.set(String(body.id), sha256Of(bytes));
      else wrong.push(text);
    }
  };
  let deleted = 0;
  const remove = async () => {
    while (!isOver) {
      const ids = [...told.keys()];
      // Newest ones too: those are what a backup has not copied yet.
      const id = random(2) === 0 ? ids.at(-1) : ids[random(Math.max(1, ids.length))];
      if (id === undefined || ids.length < 10) await new Promise(setImmediate);
      else {
        told.delete(id);
        const headers = { Authorization: `Bearer ${key}` };
        const answer = await send(`${url}/api/v1/archives/${id}`, { method: 'DELETE', headers });
        if (answer.status === 204) deleted += 1;
        else wrong.push(answer.text);
      }
    }
  };
  const all = Promise.all([...tokens.map(upload_), remove()]);
  return {
    told,
    deleted: () => deleted,
    end: async () => {
      isOver = true;
      await all;
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
    },
  };
};

it('a backup that is made while customers upload and archives are deleted is restored whole', async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);
  const service = await startedService({ TOKEN_MAX_FAILURES: '100000' });
  const { given } = service;
  const { account } = await given.admin();
  const key = await given.apiKey(['archives:read', 'archives:delete', 'tickets:read']);
  const signedIn = await given
    .stranger()
    .post('/auth/login')
    .send({ username: account.username, password: account.password });
  const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[];
  const tokens: IssuedToken[] = [];
  for (let at = 0; at < uploaders; at += 1)
    tokens.push(await given.uploadToken({ attempts: 1000 }));
  const idle = await given.uploadToken({ attempts: 3 });

  const backups = new Backups();
  const load = work(service.url, tokens, key.value, seed);
  await eventually(() => expect(load.deleted()).toBeGreaterThan(5));
  const first = await backups.backup(service.place);
  expect({ seed, ...first }).toMatchObject({ seed, code: 0, stdout: made, stderr: '' });
  const deletedThen = load.deleted();
  await eventually(() => expect(load.deleted()).toBeGreaterThan(deletedThen));
  // Two uploads are under way on one token, each in its way.
  const running = await uploadUnderWay(service.url, idle, {}, 'the first bytes');
  const part = tus(service.url, idle);
  await part.create({ length: 10, body: Buffer.from('half') });
  expect(await tokenState(service.url, idle)).toMatchObject({ attemptsLeft: 1 });
  const second = await backups.backup(service.place, '--with-secret-key');
  expect({ seed, ...second }).toMatchObject({ seed, code: 0, stdout: made, stderr: '' });
  expect(await running.finish()).toMatchObject({ status: 201 });
  await load.end();
  const [, archives, copied] =
    /: (\d+) archives, \d+ bytes; (\d+) copied/.exec(second.stdout) ?? [];
  // What the first had was not copied again.
  expect({ seed, fewer: Number(copied) < Number(archives) }).toEqual({ seed, fewer: true });

  const third = await backups.backup(service.place, '--with-secret-key', '--verify');
  expect(third).toMatchObject({ code: 0, stdout: made, stderr: '' });
  const idle_ = await backups.backup(service.place, '--with-secret-key');
  expect(idle_.stdout).toContain('; 0 copied, 0 no');

  // The one of the middle of it all is whole; every row has its file.
  const [, then] = backups.snapshots;
  const middle = await backups.restoredPlace('--snapshot', String(then));
  const there = await startedService({}, middle);
  expect(await tokenState(there.url, idle)).toMatchObject({ attemptsLeft: 3 });
  const api = await there.given.signedIn(account);
  const tried = await api.get(`/tickets/${idle.ticket}/tokens/${idle.id}/attempts`).expect(200);
  expect((tried.body as { items: unknown[] }).items).toEqual([
    expect.objectContaining({ outcome: 'failed', reason: 'interrupted', way: 'tus' }),
    expect.objectContaining({ outcome: 'failed', reason: 'interrupted', way: 'put' }),
  ]);
  await there.stop();

  // So is the last, and it has just what there was.
  await service.stop();
  const place = await backups.restoredPlace();
  const restored = await startedService({}, place);
  const person = await restored.given.signedIn(account);
  const listed: { id: string; sha256: string }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await person.get(`/archives?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const body = page.body as { items: typeof listed; nextCursor: string | null };
    listed.push(...body.items);
    cursor = body.nextCursor;
  }
  const own = listed.filter(({ id }) => load.told.has(id));
  expect({ seed, told: Object.fromEntries(load.told) }).toEqual({
    seed,
    told: Object.fromEntries(own.map(({ id, sha256 }) => [id, sha256])),
  });
  expect(listed).toHaveLength(own.length + 1);
  expect(storedFiles(place)).toEqual(listed.map(({ id }) => id).sort());
  for (const { id, sha256 } of own) {
    const got = await download(person, id).expect(200);
    expect({ id, sha256: sha256Of(got.body as Buffer) }).toEqual({ id, sha256 });
  }

  // Tokens and keys work, and whoever was signed in is not.
  const [token] = tokens;
  expect(await upload(restored.url, token ?? null)).toMatchObject({ status: 201 });
  const headers = { Authorization: `Bearer ${key.value}` };
  expect(await send(`${restored.url}/api/v1/archives`, { method: 'GET', headers })).toMatchObject({
    status: 200,
  });
  const session = await send(`${restored.url}/api/v1/auth/session`, {
    method: 'GET',
    headers: { Cookie: cookie.split(';')[0] ?? '' },
  });
  expect(session).toMatchObject({ status: 401 });
  const { body } = await person.get('/audit-events?action=backup.restored').expect(200);
  expect((body as { items: unknown[] }).items).toHaveLength(1);
});
