import { noise, seeded, sha256Of } from '../support/bytes.js';
import { command } from '../support/command.js';
import { freshPlace } from '../support/database.js';
import type { IssuedToken } from '../support/given.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { program, spawnedService } from '../support/program.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

const kills = 20;
const attempts = 1000;
const uploaders = 4;
const env = { TOKEN_MAX_FAILURES: '100000', LOG_LEVEL: 'warn' };

/** What the customers and the engineer were told, and so may rely on. */
interface Told {
  /** Archives that were answered with 201, and their SHA-256. */
  readonly stored: Map<string, { readonly sha256: string; readonly tokenId: string }>;
  /** Archives whose deletion was asked for; a kill may have come before or after it. */
  readonly asked: Set<string>;
  /** Archives whose deletion was answered with 204. */
  readonly deleted: Set<string>;
  /** Answers that nobody should get. */
  readonly wrong: string[];
}

/** A connection that the kill broke, or that found nobody. */
const isBroken = (cause: unknown): boolean =>
  /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|aborted/.test(String(cause));

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

it(`loses nothing and keeps nothing too much, killed ${kills} times while it works`, async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);
  const random = seeded(seed);
  const place = await freshPlace();
  const told: Told = { stored: new Map(), asked: new Set(), deleted: new Set(), wrong: [] };

  const first = await spawnedService({ ...env, LOG_LEVEL: 'info' }, place);
  const key = await first.given.apiKey(['archives:read', 'archives:delete', 'tickets:read']);
  const tokens: IssuedToken[] = [];
  for (let at = 0; at < uploaders; at += 1)
    tokens.push(await first.given.uploadToken({ attempts }));

  const uploadsOf = async (url: string, token: IssuedToken, over: AbortSignal) => {
    while (!over.aborted) {
      const bytes = noise(1 + random(random(4) === 0 ? 600_000 : 5_000), random(1_000_000));
      const way = random(2) === 0 ? 'form' : 'put';
      try {
        const { status, body, text } = await upload(url, token, { way, bytes });
        if (status === 201)
          told.stored.set(String(body.id), { sha256: sha256Of(bytes), tokenId: token.id });
        else told.wrong.push(`upload: ${status} ${text}`);
      } catch (cause) {
        if (!isBroken(cause)) throw cause;
        return;
      }
    }
  };
  const deletionsAt = async (url: string, over: AbortSignal) => {
    while (!over.aborted) {
      const known = [...told.stored.keys()].filter((id) => !told.asked.has(id));
      const id = known[random(Math.max(1, known.length))];
      if (id === undefined || known.length < 5) {
        await new Promise(setImmediate);
        continue;
      }
      told.asked.add(id);
      try {
        const headers = { Authorization: `Bearer ${key.value}` };
        const path = `${url}/api/v1/archives/${id}`;
        const { status, text } = await send(path, { method: 'DELETE', headers });
        if (status === 204) told.deleted.add(id);
        else told.wrong.push(`delete: ${status} ${text}`);
      } catch (cause) {
        if (!isBroken(cause)) throw cause;
        return;
      }
    }
  };

  let service: Pick<typeof first, 'url' | 'kill' | 'ended' | 'log'> = first;
  for (let round = 0; round < kills; round += 1) {
    const over = new AbortController();
    const work = [
      ...tokens.map((token) => uploadsOf(service.url, token, over.signal)),
      deletionsAt(service.url, over.signal),
    ];
    // The moment of the fault is the one thing here that a clock decides.
    setTimeout(() => over.abort(), 100 + random(500));
    await until(over.signal);
    service.kill('SIGKILL');
    await service.ended;
    await Promise.all(work);
    told.wrong.push(...service.log.events('http.failed').map((event) => JSON.stringify(event)));
    if (round % 4 === 3) {
      // A start that is killed too, while it cleans up after the kill before.
      const starting = await program(['serve'], env, place);
      setTimeout(() => starting.kill('SIGKILL'), 300 + random(600));
      await starting.ended;
    }
    service = await spawnedService({ ...env, LOG_LEVEL: 'info' }, place);
  }

  expect({ seed, wrong: told.wrong }).toEqual({ seed, wrong: [] });
  // There was something to lose in each round.
  expect(told.stored.size).toBeGreaterThan(2 * kills);
  expect(told.deleted.size).toBeGreaterThan(kills / 2);

  const listed = new Map<string, { sha256: string; tokenId: string }>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await send(
      `${service.url}/api/v1/archives?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
      { method: 'GET', headers: { Authorization: `Bearer ${key.value}` } },
    );
    const { items, nextCursor } = page.body as {
      items: { id: string; sha256: string; tokenId: string }[];
      nextCursor: string | null;
    };
    for (const { id, sha256, tokenId } of items) listed.set(id, { sha256, tokenId });
    cursor = nextCursor;
  }

  const kept = [...told.stored].filter(([id]) => !told.asked.has(id));
  const lost = kept.filter(([id, { sha256 }]) => listed.get(id)?.sha256 !== sha256);
  expect({ seed, lost }).toEqual({ seed, lost: [] });
  const undead = [...told.deleted].filter((id) => listed.has(id));
  expect({ seed, undead }).toEqual({ seed, undead: [] });

  // The store holds the bytes of each of them and nothing else, once the sweep of the start has passed.
  await eventually(() =>
    expect({ seed, files: storedFiles(place) }).toEqual({ seed, files: [...listed.keys()].sort() }),
  );
  const verified = await command(['verify'], { place });
  expect({ seed, ...verified }).toMatchObject({
    seed,
    code: 0,
    stdout: expect.stringContaining(`${listed.size} archives, `),
  });

  // Each attempt is either left or was spent on one archive, which may have been deleted since.
  for (const token of tokens) {
    const spent = [...listed.values()].filter(({ tokenId }) => tokenId === token.id).length;
    const gone = [...told.asked].filter(
      (id) => told.stored.get(id)?.tokenId === token.id && !listed.has(id),
    ).length;
    const { attemptsLeft } = await tokenState(service.url, token);
    expect({ seed, granted: Number(attemptsLeft) + spent + gone }).toEqual({
      seed,
      granted: attempts,
    });
  }
  // What each ticket says of itself is what is there.
  for (const token of tokens) {
    const { body } = await send(`${service.url}/api/v1/tickets/${token.ticket}`, {
      method: 'GET',
      headers: { Authorization: `Bearer ${key.value}` },
    });
    const own = [...listed.values()].filter(({ tokenId }) => tokenId === token.id);
    expect({ seed, count: body.archives.count as number }).toEqual({ seed, count: own.length });
  }
}, 180_000);
