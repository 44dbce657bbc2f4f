import { command } from './command.js';
import { freshPlace, isSqlite } from './database.js';
import type { Place } from './database.js';
import { eventually } from './eventually.js';
import { send } from './http.js';
import { seeded } from './bytes.js';
import { KillClients } from './kill-clients.js';
import { Ledger } from './kill-ledger.js';
import { KilledServices } from './killed-services.js';
import { storedFiles } from './store-files.js';

const env = { TOKEN_MAX_FAILURES: '100000' };
/** Things that are begun in one round at most, so that replicas do not fill the store while one starts. */
const turns = 60;
/** The minute after which a replica that lives looks for what others left, and then some. */
const replicaMs = 90_000;

export interface KillWishes {
  readonly seed: number;
  /** Rounds of work; each ends with a kill. */
  readonly rounds: number;
  /** Whether the last one that is killed is never started again, and a replica that lives has to clean up after it. */
  readonly endsWithReplica?: boolean;
}

export interface KillReport {
  readonly kills: number;
  readonly stored: number;
  readonly deleted: number;
  /** Resumable uploads that their customers gave up. */
  readonly ended: number;
  /** Requests that a kill broke, by what they were. */
  readonly broken: Readonly<Record<string, number>>;
  readonly slowestStartMs: number;
  readonly seconds: number;
}

interface Listed {
  readonly id: string;
  readonly sha256: string;
  readonly size: number;
  readonly tokenId: string;
  readonly ticket: string;
}

/** What is there, looked at by the program's own means once nobody works any more. */
class Remains {
  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly place: Place,
    private readonly ledger: Ledger,
  ) {}

  /** Everything that must hold, each with what contradicts it: all lists are empty where it does. */
  async contradictions(): Promise<Readonly<Record<string, unknown>>> {
    const { stored, deleted, wrong } = this.ledger;
    const listed = await this.listed();
    const tickets = await this.tickets();
    const lost = [...stored].filter(
      ([id, { sha256 }]) => !this.ledger.isAsked(id) && listed.get(id)?.sha256 !== sha256,
    );
    const undead = [...listed.values()].filter(({ id, ticket }) =>
      [id, ticket].some((name) => deleted.has(name)),
    );
    const verified = await command(['verify'], { place: this.place });
    const audited = await command(['audit', 'verify'], { place: this.place });
    return {
      wrong,
      lost,
      undead: [...undead, ...[...tickets.keys()].filter((number) => deleted.has(number))],
      files: await this.otherFiles(listed),
      verified: verified.code === 0 ? [] : verified,
      audited: audited.code === 0 ? [] : audited,
      attempts: await this.attempts(listed, tickets),
      counts: await this.counts(listed, tickets),
    };
  }

  private async get<Body>(path: string): Promise<Body> {
    const headers = { Authorization: `Bearer ${this.key}` };
    const { status, text, body } = await send(`${this.url}/api/v1/${path}`, {
      method: 'GET',
      headers,
    });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    return body as Body;
  }

  private async all<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await this.get<{ items: Item[]; nextCursor: string | null }>(
        `${path}?limit=200${from}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  private async listed(): Promise<Map<string, Listed>> {
    return new Map((await this.all<Listed>('archives')).map((one) => [one.id, one]));
  }

  private async tickets(): Promise<Map<string, { count: number; bytes: number }>> {
    const all = await this.all<{ number: string; archives: { count: number; bytes: number } }>(
      'tickets',
    );
    return new Map(all.map(({ number, archives }) => [number, archives]));
  }

  /** Files without a record and records without a file, once the sweep of the start has passed. */
  private otherFiles(listed: ReadonlyMap<string, Listed>): Promise<string[]> {
    const ids = [...listed.keys()].sort();
    const differing = (): string[] => {
      const files = storedFiles(this.place);
      return [
        ...files.filter((name) => !listed.has(name)),
        ...ids.filter((id) => !files.includes(id)),
      ];
    };
    return eventually(() => {
      const names = differing();
      if (names.length > 0) throw new Error(names.join(' '));
      return names;
    }).catch(differing);
  }

  /** Each attempt is either left or was spent on one archive, which may have been deleted since. */
  private async attempts(
    listed: ReadonlyMap<string, Listed>,
    tickets: ReadonlyMap<string, unknown>,
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const { token, attempts } of this.ledger.tokens) {
      const own = [...listed.values()].filter(({ tokenId }) => tokenId === token.id).length;
      const answer = await send(`${this.url}/api/v1/upload-token`, {
        method: 'GET',
        headers: { 'Upload-Token': token.value },
      });
      if (!tickets.has(token.ticket)) {
        if (answer.status !== 401 || own > 0) wrong.push(`${token.ticket} lives on`);
        if (!this.ledger.asked.has(token.ticket)) wrong.push(`${token.ticket} is gone`);
        continue;
      }
      const { attemptsLeft } = answer.body as { attemptsLeft: number };
      const gone = [...this.ledger.stored].filter(
        ([id, { tokenId }]) => tokenId === token.id && !listed.has(id),
      ).length;
      if (attemptsLeft + own + gone !== attempts)
        wrong.push(`${token.ticket}: ${attemptsLeft} left, ${own} stored, ${gone} deleted`);
    }
    return wrong;
  }

  /** What tickets and the service say of themselves is what is there. */
  private async counts(
    listed: ReadonlyMap<string, Listed>,
    tickets: ReadonlyMap<string, { count: number; bytes: number }>,
  ): Promise<string[]> {
    const differs = (name: string, said: { count: number; bytes: number }, own: Listed[]) => {
      const bytes = own.reduce((sum, { size }) => sum + size, 0);
      return said.count === own.length && said.bytes === bytes
        ? []
        : [`${name} says ${said.count} of ${said.bytes}, has ${own.length} of ${bytes}`];
    };
    const all = [...listed.values()];
    const { archives } = await this.get<{ archives: { count: number; bytes: number } }>('storage');
    return [
      ...differs('the service', archives, all),
      ...[...tickets].flatMap(([number, said]) =>
        differs(
          number,
          said,
          all.filter(({ ticket }) => ticket === number),
        ),
      ),
    ];
  }
}

/**
 * Uploads of all kinds, resumed ones, and deletions, under which the real program is killed with SIGKILL at random
 * moments: on PostgreSQL two processes, of which one or both are killed. Afterwards each archive that somebody was told
 * of is there and hashes to what was sent, no row is without its file and no file without its row, no attempt is lost
 * or won, and what was deleted stays deleted. Only the program's own starts, and its replicas, clean up.
 * @throws what contradicts that, with the seed that the moments were made from
 */
export const killedAgainAndAgain = async ({
  seed,
  rounds,
  endsWithReplica = false,
}: KillWishes): Promise<KillReport> => {
  const began = performance.now();
  const random = seeded(seed);
  const place = await freshPlace();
  const services = await KilledServices.started(place, isSqlite ? 1 : 2, env, random);
  const { given } = services.any;
  const scopes = ['archives:read', 'archives:delete', 'tickets:read', 'tickets:write'] as const;
  const { value: key } = await given.apiKey([...scopes, 'storage:read']);
  const ledger = new Ledger();
  const clients = new KillClients(services, ledger, random, await given.platform(), key);
  const work = Promise.all([
    ...Array.from({ length: 3 }, () => clients.uploads()),
    ...Array.from({ length: 2 }, () => clients.resumableUploads()),
    clients.deletions(),
    clients.passingTickets(),
  ]);
  // What fails there is thrown below, when the rounds are over or by them.
  const failed = new Promise<never>((_, reject) => void work.catch(reject));
  failed.catch(() => undefined);
  for (let round = 0; round < rounds; round += 1)
    await Promise.race([services.round(turns, round % 4 === 3), failed]);
  services.end();
  await work;

  const isLeftToReplica = endsWithReplica && !isSqlite;
  if (isLeftToReplica) await services.kill(0);
  services.hearAll();
  ledger.wrong.push(...services.faults);
  const remains = new Remains(services.any.url, key, place, ledger);
  const clean = {
    ...{ wrong: [], lost: [], undead: [], files: [], verified: [], audited: [] },
    ...{ attempts: [], counts: [] },
  };
  const look = async () =>
    expect({ seed, ...(await remains.contradictions()) }).toEqual({ seed, ...clean });
  await (isLeftToReplica ? eventually(look, replicaMs) : look());
  return {
    kills: services.kills,
    stored: ledger.stored.size,
    deleted: ledger.deleted.size,
    ended: ledger.ended.size,
    broken: Object.fromEntries(ledger.broken),
    slowestStartMs: services.slowestStartMs,
    seconds: Math.round((performance.now() - began) / 1000),
  };
};
