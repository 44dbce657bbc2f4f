import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import { packLogs } from './demo-logs.js';
import { Mismatch, expect, run, say, show, wordsOf } from './demo-shell.js';
import { inScratchFolder, startService } from './running-service.js';

/**
 * The whole mission once, with the real program and the real curl: `npm run demo`.
 * Every line that is printed with a `$` was run as it stands. The secrets shown die with the scratch folder.
 */

const username = 'demo-admin';
const password = 'plain words make long pass phrases';
const platform = 'backup-server';
const ticket = 'SUP-48213';

const stepMs = 30_000;
/** Two requests with a password hash between them fit into this. */
const roomMs = 5_000;

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}
interface Receipt {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
}

/** The API by curl, as one person: with that person's cookies. */
class Person {
  constructor(
    private readonly base: string,
    private readonly folder: string,
    private readonly cookies: string,
  ) {}

  private get jar(): string[] {
    return ['-b', this.cookies, '-c', this.cookies];
  }

  private curl(path: string, ...options: string[]): Promise<string> {
    return run(this.folder, 'curl', [...options, ...this.jar, `${this.base}/api/v1${path}`]);
  }

  /** @throws Mismatch where the API answers with a problem */
  async post<Answer>(path: string, body: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const json = ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)];
    return answerOf<Answer>(await this.curl(path, '-sS', ...json));
  }

  async delete(path: string): Promise<void> {
    const answer = await this.curl(path, '-sS', '-X', 'DELETE');
    if (answer !== '') answerOf(answer);
  }

  async download(path: string, file: string): Promise<void> {
    await this.curl(path, '-fsS', '-o', file);
  }
}

const isProblem = (answer: object): answer is Problem => 'code' in answer && 'status' in answer;

const answerOf = <Answer>(text: string): Answer => {
  const answer = JSON.parse(text) as object;
  if (isProblem(answer)) throw new Mismatch(`${answer.status} ${answer.code}: ${answer.detail}`);
  return answer as Answer;
};

const sha256Of = async (path: string): Promise<string> => {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
};

/** The files of the store, as `find` would list them. */
const stored = (store: string): string[] =>
  readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => `${statSync(path).size} bytes  ${path}`);

const showStore = (store: string): string[] => {
  const files = stored(store);
  show(
    files.length === 0 ? `  ${store} holds no file` : files.map((file) => `  ${file}`).join('\n'),
  );
  return files;
};

/** Begins where a step has room, so that the code does not grow old between making and sending it. */
const untilStepHasRoom = async (): Promise<void> => {
  const left = stepMs - (Date.now() % stepMs);
  if (left > roomMs) return;
  show(`  (waiting ${Math.ceil(left / 1000)} s for the authenticator's next code)`);
  await new Promise((resolve) => setTimeout(resolve, left + 100));
};

const codeAt = (secret: string, at: number): string =>
  generateSync({ secret, epoch: Math.floor(at / 1000) });

/** Enrols with the code of the step before, which still counts, so that signing in need not wait for a fresh one. */
const enrol = async (admin: Person): Promise<string> => {
  say('TOTP is enrolled: the secret goes into an authenticator app, whose code confirms it');
  const { secret } = await admin.post<{ secret: string }>('/auth/totp');
  await untilStepHasRoom();
  const { recoveryCodes } = await admin.post<{ recoveryCodes: string[] }>('/auth/totp/confirm', {
    code: codeAt(secret, Date.now() - stepMs),
  });
  show(`  enrolled; ${recoveryCodes.length} recovery codes for the day the telephone is lost`);
  return secret;
};

const makeFirstAdmin = async (admin: Person, token: string | null): Promise<string> => {
  expect(token !== null, 'the log showed no set-up link');
  say('The first admin is made, once, by the link that the log showed');
  await admin.post('/auth/setup', { token, username, password });
  return enrol(admin);
};

const signIn = async (person: Person, secret: string): Promise<void> => {
  say('An engineer signs in: the password first, then the code of this half minute');
  const first = await person.post<{ aal: number }>('/auth/login', { username, password });
  expect(first.aal === 1, 'a password alone should give AAL1');
  const second = await person.post<{ aal: number }>('/auth/totp/verify', {
    code: codeAt(secret, Date.now()),
  });
  expect(second.aal === 2, 'password and code should give AAL2');
  show('  signed in with password and second factor');
};

const openTicket = async (person: Person): Promise<string> => {
  say('A platform and a ticket; the answer holds the line for the customer');
  await person.post('/platforms', { name: platform, title: 'Backup Server' });
  const { token } = await person.post<{ token: { curl: string } }>('/tickets', {
    platform,
    number: ticket,
    note: 'Restore fails after the update',
  });
  show(`  ${token.curl}`);
  return token.curl;
};

const upload = async (folder: string, line: string, archive: string): Promise<Receipt> => {
  say('The customer pastes that line, with the path of their own file');
  const [command = '', ...args] = wordsOf(line).map((word) => word.replace('logs.tgz', archive));
  expect(command === 'curl', `the line should begin with curl, not with ${command}`);
  const receipt = answerOf<Receipt>(await run(folder, command, args));
  show(`  stored: ${receipt.size} bytes, SHA-256 ${receipt.sha256}`);
  return receipt;
};

const compare = async (file: string, { sha256 }: Receipt): Promise<void> => {
  const got = await sha256Of(file);
  show(`  SHA-256 ${got}`);
  expect(got === sha256, `${file} is not what was uploaded`);
};

const downloadByLink = async (person: Person, receipt: Receipt, folder: string): Promise<void> => {
  say('A link for a workstation without a session: it works once');
  const { url } = await person.post<{ url: string }>(`/archives/${receipt.id}/download-link`);
  await run(folder, 'curl', ['-fsS', '-o', 'by-link.tgz', url]);
  await compare(join(folder, 'by-link.tgz'), receipt);
  const again = JSON.parse(await run(folder, 'curl', ['-sS', url])) as Problem;
  show(`  the second time: ${again.status} ${again.code}`);
  expect(again.status === 404, 'a download link worked twice');
};

const remove = async (person: Person, { id }: Receipt, store: string): Promise<void> => {
  say('Deleting takes the bytes from the disk. Before:');
  expect(showStore(store).length === 1, 'the store should hold exactly the one archive');
  await person.delete(`/archives/${id}`);
  show('After:');
  expect(showStore(store).length === 0, 'the file is still on the disk');
};

const demonstrate = async (folder: string): Promise<void> => {
  say('The service starts on an empty folder');
  const service = await startService(folder, { MIN_FREE_BYTES: '0' });
  try {
    show(`  it listens on ${service.url}; the commands below run in its scratch folder`);
    show(`$ cd ${folder}`);
    const admin = new Person(service.url, folder, 'admin.cookies');
    const secret = await makeFirstAdmin(admin, service.setupToken);
    const engineer = new Person(service.url, folder, 'engineer.cookies');
    await signIn(engineer, secret);
    const line = await openTicket(engineer);
    const archive = await packLogs(folder);
    const receipt = await upload(folder, line, archive);
    await compare(archive, receipt);
    say('The engineer downloads it');
    await engineer.download(`/archives/${receipt.id}/content`, 'downloaded.tgz');
    await compare(join(folder, 'downloaded.tgz'), receipt);
    await downloadByLink(engineer, receipt, folder);
    await remove(engineer, receipt, join(folder, 'data/archives'));
  } finally {
    await service.stop();
  }
};

inScratchFolder('logs-collector-demo-', demonstrate).then(
  () => show('\nOK: uploaded, downloaded byte for byte, and deleted without a trace.'),
  (cause: unknown) => {
    console.error(`\nFAILED: ${cause instanceof Error ? cause.message : String(cause)}`);
    process.exitCode = 1;
  },
);
