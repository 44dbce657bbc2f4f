import { noise } from './bytes.js';
import type { IssuedToken } from './given.js';
import { send } from './http.js';
import type { Answer } from './http.js';
import type { KilledServices } from './killed-services.js';
import type { Ledger } from './kill-ledger.js';
import { checksumOf, idOf, tus } from './tus.js';
import { upload } from './upload.js';

/** A connection that the kill broke, or that found nobody. */
const isBroken = (cause: unknown): boolean =>
  /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|aborted/.test(String(cause));

const manyAttempts = 1000;
/** A token is used so often, and then a new one is asked for. */
const uses = 900;
const fewAttempts = 5;

/** The clients of a service that is killed again and again. Each does what it is for, until nothing new is begun. */
export class KillClients {
  private count = 0;

  /** @param key may read, write and delete tickets and archives */
  constructor(
    private readonly services: KilledServices,
    private readonly ledger: Ledger,
    private readonly random: (below: number) => number,
    private readonly platform: string,
    private readonly key: string,
  ) {}

  /** Sends files in one request each. */
  async uploads(): Promise<void> {
    const tokenFor = this.purse();
    while (await this.services.turn()) await this.upload(await tokenFor());
  }

  /** Sends files with tus, and goes on after each kill; gives some of them up. */
  async resumableUploads(): Promise<void> {
    const tokenFor = this.purse();
    while (await this.services.turn()) await this.resumableUpload(await tokenFor());
  }

  /** Deletes archives that somebody was told of, but not so many that there is nothing left to lose. */
  async deletions(): Promise<void> {
    const tokenFor = this.purse();
    while (await this.services.turn()) {
      const known = [...this.ledger.stored.keys()].filter((id) => !this.ledger.isAsked(id));
      const id = known[this.random(Math.max(1, known.length))];
      if (id !== undefined && known.length > this.ledger.stored.size / 2)
        await this.deletion(id, `archives/${id}`);
      else await this.upload(await tokenFor());
    }
  }

  /** Opens tickets and deletes them while somebody uploads to them. */
  async passingTickets(): Promise<void> {
    while (await this.services.turn()) {
      const token = await this.ticket('PASSING', fewAttempts);
      if (!token) continue;
      const { ticket } = token;
      const under = [this.racingUpload(token), this.racingUpload(token)];
      if (this.random(2) === 0) await under[0];
      await this.deletion(ticket, `tickets/${ticket}`);
      await Promise.all(under);
    }
  }

  /** Where the answer is lost, some send the file again with their key. */
  private async upload(token: IssuedToken): Promise<void> {
    const bytes = this.file();
    const way = (['form', 'put', 'post'] as const)[this.random(3)] ?? 'put';
    const keyed = this.random(2) === 0;
    const headers = keyed ? { 'Idempotency-Key': this.name('key') } : {};
    for (;;) {
      const answer = await this.ask(way, (url) => upload(url, token, { way, bytes, headers }));
      // The line broke before the service knew of it.
      if (answer?.status === 409 && answer.body.code === 'request-in-progress') {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      if (answer?.status === 201) this.ledger.store(answer.body.id, bytes, token);
      else if (answer) this.ledger.complain(way, answer);
      if (answer || !keyed || this.random(4) === 0) return;
    }
  }

  private async resumableUpload(token: IssuedToken): Promise<void> {
    const { ledger } = this;
    const bytes = this.file();
    const headers = { 'Idempotency-Key': this.name('tus') };
    const first = bytes.subarray(0, this.random(3) === 0 ? 1 + this.random(bytes.length) : 0);
    const creating = {
      length: bytes.length,
      headers,
      ...(first.length > 0 ? { body: first } : {}),
    };
    let begun: Answer | null = null;
    while (!begun) begun = await this.ask('tus', (url) => tus(url, token).create(creating));
    if (begun.status !== 201) return ledger.complain('tus POST', begun);
    const path = String(begun.headers.location);
    const isUnwanted = this.random(4) === 0;
    let told = 0;
    for (;;) {
      const head = await this.ask('tus', (url) => tus(url, token).head(path));
      if (!head) continue;
      if (head.status === 404 && isUnwanted && ledger.asked.has(idOf(path))) break;
      if (head.status !== 200) return ledger.complain('tus HEAD', head);
      const offset = Number(head.headers['upload-offset']);
      if (offset < told || offset > bytes.length)
        ledger.wrong.push(`tus HEAD says ${offset} of ${bytes.length} after ${told}`);
      if (head.headers['archive-id'] !== undefined)
        return ledger.store(head.headers['archive-id'], bytes, token);
      if (isUnwanted && offset > bytes.length / 3) {
        ledger.asked.add(idOf(path));
        const ended = await this.ask('tus', (url) => tus(url, token).remove(path));
        if (!ended) continue;
        if (ended.status !== 204) return ledger.complain('tus DELETE', ended);
        break;
      }
      const last = await this.pieces(token, path, offset, bytes);
      told = Math.max(offset, last);
      if (last < 0) return;
    }
    ledger.ended.add(idOf(path));
  }

  /**
   * Sends some pieces; a kill may come between them.
   * @returns the offset that was told last; -1 where the upload is over
   */
  private async pieces(
    token: IssuedToken,
    path: string,
    from: number,
    bytes: Buffer,
  ): Promise<number> {
    let offset = from;
    for (let left = 1 + this.random(3); left > 0; left -= 1) {
      const piece = bytes.subarray(offset, offset + 1 + this.random(200_000));
      const headers = this.random(2) === 0 ? { 'Upload-Checksum': checksumOf(piece) } : {};
      const at = offset;
      const answer = await this.ask('tus', (url) =>
        tus(url, token).patch(path, at, piece, headers),
      );
      if (!answer) return offset;
      if (answer.status !== 204) {
        this.ledger.complain('tus PATCH', answer);
        return -1;
      }
      offset = Number(answer.headers['upload-offset']);
      if (answer.headers['archive-id'] === undefined) continue;
      this.ledger.store(answer.headers['archive-id'], bytes, token);
      return -1;
    }
    return offset;
  }

  /** @param name of what goes */
  private async deletion(name: string, path: string): Promise<void> {
    this.ledger.asked.add(name);
    for (let asked = 1; ; asked += 1) {
      const answer = await this.ask('delete', (url) =>
        send(`${url}/api/v1/${path}`, { method: 'DELETE', headers: this.authorization }),
      );
      // What was asked for twice may have been done the first time.
      if (answer?.status === 204 || (answer?.status === 404 && asked > 1))
        this.ledger.deleted.add(name);
      else if (answer) this.ledger.complain(`delete ${path}`, answer);
      // Half of them are left to the program.
      if (answer || this.random(2) === 0) return;
    }
  }

  private async racingUpload(token: IssuedToken): Promise<void> {
    const bytes = this.file();
    const answer = await this.ask('put', (url) => upload(url, token, { way: 'put', bytes }));
    if (answer?.status === 201) this.ledger.store(answer.body.id, bytes, token);
    // Its ticket is gone, and its token with it.
    else if (answer && answer.status !== 401)
      this.ledger.complain('put to a passing ticket', answer);
  }

  /** Hands out a token that has attempts left. */
  private purse(): () => Promise<IssuedToken> {
    let [token, used]: [IssuedToken | null, number] = [null, 0];
    return async () => {
      while (!token || used >= uses) [token, used] = [await this.ticket('KILLED', manyAttempts), 0];
      used += 1;
      return token;
    };
  }

  /** @returns null where a kill broke the request: the ticket may be there or not, and nobody uses it */
  private async ticket(kind: string, attempts: number): Promise<IssuedToken | null> {
    const number = this.name(kind);
    const made = await this.ask('ticket', (url) =>
      send(`${url}/api/v1/tickets`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...this.authorization },
        body: JSON.stringify({ platform: this.platform, number, attempts }),
      }),
    );
    if (!made) return null;
    if (made.status !== 201) throw new Error(`no ticket: ${made.status} ${made.text}`);
    const { id, value } = (made.body as { token: { id: string; value: string } }).token;
    const token = { id, value, ticket: number };
    this.ledger.tokens.push({ token, attempts });
    return token;
  }

  private get authorization(): Readonly<Record<string, string>> {
    return { Authorization: `Bearer ${this.key}` };
  }

  private name(kind: string): string {
    return `${kind}-${(this.count += 1)}`;
  }

  private file(): Buffer {
    const size = 1 + this.random(this.random(4) === 0 ? 600_000 : 5_000);
    return noise(size, this.random(1_000_000));
  }

  /** One request to one that lives. @returns null where a kill broke it */
  private async ask(
    kind: string,
    sending: (url: string) => Promise<Answer>,
  ): Promise<Answer | null> {
    const url = await this.services.url();
    try {
      const answer = await sending(url);
      this.services.answered();
      return answer;
    } catch (cause) {
      if (!isBroken(cause)) throw cause;
      this.ledger.broke(kind);
      return null;
    }
  }
}
