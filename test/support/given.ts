import { generateSync } from 'otplib';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import type { Role, Scope } from '../../src/http/allow.js';
import { upload } from './upload.js';
import type { Uploading } from './upload.js';
import type { Answer } from './http.js';

/** The first admin of every service under test. */
export const admin = { username: 'root', password: 'correct horse battery staple 9' } as const;

const stepSeconds = 30;

/** A code is good for the rest of the next step; one that has less time left than this is not handed out. */
const marginSeconds = 3;

const stepAt = (seconds: number): number => Math.floor(seconds / stepSeconds);

/** Somebody with an account, their authenticator and their sheet of recovery codes. */
export class Account {
  private lastStep = 0;
  readonly recoveryCodes: string[] = [];

  constructor(
    readonly username: string,
    readonly password: string,
    readonly secret: string,
  ) {}

  /** After the service was made to forget them (codes.ts): the same codes are handed out again. */
  forgetCodes(): void {
    this.lastStep = 0;
  }

  /** A code that was not used yet. A code works once: the third within a minute waits for the clock. */
  async code(): Promise<string> {
    const now = Date.now() / 1000;
    const step = Math.max(this.lastStep + 1, stepAt(now + marginSeconds) - 1);
    this.lastStep = step;
    const waitSeconds = Math.max(0, step * stepSeconds - now);
    if (waitSeconds > 0) await new Promise((later) => setTimeout(later, waitSeconds * 1000 + 10));
    return generateSync({ secret: this.secret, epoch: step * stepSeconds });
  }
}

/** A signed-in person: the account and a client whose session is at AAL2. */
export interface Person {
  readonly account: Account;
  readonly id: string;
  /** Paths are below `/api/v1`: `api.get('/tickets')`. */
  readonly api: TestAgent;
}

export interface IssuedToken {
  readonly id: string;
  readonly value: string;
  /** Number of its ticket. */
  readonly ticket: string;
}

export interface TokenWishes {
  readonly platform?: string;
  readonly ticket?: string;
  readonly attempts?: number;
  /** Seconds. */
  readonly lifetime?: number;
}

/** What a story begins with, made over HTTP as people make it. */
export class Given {
  private count = 0;
  private admin_: Promise<Person> | null = null;
  private platform_: Promise<string> | null = null;

  constructor(private readonly url: string) {}

  /** A client without credentials; it keeps cookies, as a browser does. */
  stranger(): TestAgent {
    return supertest.agent(`${this.url}/api/v1`);
  }

  /** The first admin, signed in once for the whole file. */
  admin(): Promise<Person> {
    return (this.admin_ ??= this.enrolled(admin.username, admin.password));
  }

  /** A new engineer with an own second factor. */
  engineer(username = `engineer-${(this.count += 1)}`): Promise<Person> {
    return this.user('engineer', username);
  }

  async user(role: Role, username: string): Promise<Person> {
    const password = 'a long and unusual pass phrase 7';
    const { api } = await this.admin();
    await api.post('/users').send({ username, password, role }).expect(201);
    return this.enrolled(username, password);
  }

  /** Signs in for the first time and enrols a second factor. */
  async enrolled(username: string, password: string): Promise<Person> {
    const api = this.stranger();
    await api.post('/auth/login').send({ username, password }).expect(200);
    const begun = await api.post('/auth/totp').expect(200);
    const account = new Account(username, password, (begun.body as { secret: string }).secret);
    const confirmed = await api
      .post('/auth/totp/confirm')
      .send({ code: await account.code() })
      .expect(200);
    account.recoveryCodes.push(...(confirmed.body as { recoveryCodes: string[] }).recoveryCodes);
    const session = await api.get('/auth/session').expect(200);
    return { account, api, id: (session.body as { user: { id: string } }).user.id };
  }

  /** Signs an account in again, in another browser; up to ten times, each with a recovery code. */
  async signedIn(account: Account): Promise<TestAgent> {
    const api = this.stranger();
    const { username, password } = account;
    await api.post('/auth/login').send({ username, password }).expect(200);
    await api.post('/auth/recovery').send({ code: account.recoveryCodes.pop() }).expect(200);
    return api;
  }

  /** A platform's name. */
  async platform(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = `platform-${(this.count += 1)}`;
    const { api } = await this.admin();
    const made = await api
      .post('/platforms')
      .send({ name, title: `Product ${name}`, ...fields })
      .expect(201);
    return (made.body as { name: string }).name;
  }

  /** A new ticket and its first token. @param wishes where no platform is named, one for the whole file */
  async ticket(
    wishes: TokenWishes & { readonly note?: string } = {},
  ): Promise<{ readonly number: string; readonly platform: string; readonly token: IssuedToken }> {
    const { ticket: number = `SUP-${(this.count += 1)}`, platform, ...rest } = wishes;
    const on = platform ?? (await (this.platform_ ??= this.platform()));
    const { api } = await this.admin();
    const made = await api
      .post('/tickets')
      .send({ platform: on, number, ...rest })
      .expect(201);
    const { token } = made.body as { token: { id: string; value: string } };
    return { number, platform: on, token: { id: token.id, value: token.value, ticket: number } };
  }

  /** A token: on a new ticket, or one more on the ticket named. */
  async uploadToken(wishes: TokenWishes = {}): Promise<IssuedToken> {
    if (wishes.ticket === undefined) return (await this.ticket(wishes)).token;
    const { api } = await this.admin();
    const { attempts, lifetime, ticket } = wishes;
    const made = await api
      .post(`/tickets/${ticket}/tokens`)
      .send({ attempts, lifetime })
      .expect(201);
    const body = made.body as { id: string; value: string };
    return { id: body.id, value: body.value, ticket };
  }

  /** A client that calls with an API key of these scopes. */
  async apiKey(
    scopes: readonly Scope[],
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<{ readonly id: string; readonly value: string; readonly api: TestAgent }> {
    const { api } = await this.admin();
    const made = await api
      .post('/api-keys')
      .send({ name: `key-${(this.count += 1)}`, scopes, ...fields })
      .expect(201);
    const { id, value } = made.body as { id: string; value: string };
    return { id, value, api: this.stranger().set('Authorization', `Bearer ${value}`) };
  }

  /** An archive that was stored, on a new token where none is given. */
  async archive(uploading: Uploading = {}, token?: IssuedToken): Promise<Answer['body']> {
    const by = token ?? (await this.uploadToken());
    const answer = await upload(this.url, by, uploading);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  }
}
