import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise, sha256Of } from '../support/bytes.js';
import { send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { tool } from '../support/tool.js';
import {
  ScriptFolder,
  describeEachShell,
  expectSuccess,
  receiptsIn,
} from '../support/upload-script.js';
import { tokenState } from '../support/upload-under-way.js';

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

/** What a ticket has, oldest first. */
const archivesOf = async (ticket: string): Promise<Readonly<Record<string, unknown>>[]> => {
  const { api } = await service.given.admin();
  const { body } = await api.get(`/archives?ticket=${ticket}&limit=200`).expect(200);
  return (body as { items: Record<string, unknown>[] }).items.reverse();
};

const awkwardNames = [
  'two  spaces.log',
  `it's "quoted".log`,
  '-leading.log',
  '--help.log',
  'журнал ошибок №1.log',
  '100%41.log',
  '{a,b}[1-3].log',
  '$HOME `id` $(id);&|<>!#~.log',
  '*?.log',
  '@at,comma=;type=x.log',
  ' outer spaces',
];

describeEachShell('under', (shell) => {
  let folder: ScriptFolder;
  beforeAll(async () => {
    folder = await ScriptFolder.fetched(service.url, shell);
  });

  it('a file arrives, and the receipt says what arrived', async () => {
    const token = await service.given.uploadToken();
    const bytes = noise(300_000);
    const name = folder.file('logs.tgz', bytes);
    const ended = await folder.run([name], { token });
    expectSuccess(ended);
    const { stdout, stderr } = ended;
    const [archive, ...others] = await archivesOf(token.ticket);
    expect(others).toEqual([]);
    expect(archive).toMatchObject({ filename: name, size: 300_000, sha256: sha256Of(bytes) });
    expect(receiptsIn(stdout)).toEqual([
      {
        name,
        size: '300000 bytes',
        'SHA-256': sha256Of(bytes),
        archive: archive?.['id'],
        ticket: token.ticket,
        time: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
      },
    ]);
    // Neither a progress bar nor an error where nobody watches.
    expect(stderr).not.toMatch(/[#\r]|upload\.sh/);
  });

  it('names may hold anything that a file system takes', async () => {
    const token = await service.given.uploadToken({ attempts: awkwardNames.length });
    for (const name of awkwardNames) folder.file(name, `content of ${name}`);
    const ended = await folder.run(awkwardNames, { token });
    expectSuccess(ended);
    expect(receiptsIn(ended.stdout).map(({ name }) => name)).toEqual(awkwardNames);
    const stored = (await archivesOf(token.ticket)).map(({ filename, sha256 }) => ({
      filename,
      sha256,
    }));
    expect(stored).toEqual(
      awkwardNames.map((name) => ({
        filename: name.trim(),
        sha256: sha256Of(`content of ${name}`),
      })),
    );
  });

  it('a name with a line end stays one line, and a path is no part of a name', async () => {
    const token = await service.given.uploadToken();
    const name = folder.file('first\nsecond\n');
    const ended = await folder.run(['--', join(folder.path, name)], { token });
    expectSuccess(ended);
    expect(receiptsIn(ended.stdout)).toMatchObject([{ name: 'first?second?' }]);
    expect(await archivesOf(token.ticket)).toMatchObject([{ filename: 'firstsecond' }]);
  });

  it('run again it gives the same archive and costs nothing, also with a used-up token', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const name = folder.file('once.log', noise(10_000, 5));
    const first = await folder.run([name], { token });
    const again = await folder.run([name], { token });
    for (const ended of [first, again]) expectSuccess(ended);
    const [before, after] = [receiptsIn(first.stdout), receiptsIn(again.stdout)];
    expect(after).toEqual(before.map((receipt) => ({ ...receipt, time: after[0]?.['time'] })));
    expect(again.stderr).toContain('token is exhausted');
    // Nothing of the file was sent again.
    expect(again.calls.filter((call) => call.includes('PATCH'))).toEqual([]);
    expect(await archivesOf(token.ticket)).toHaveLength(1);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
  });

  it('another content under the same name is another archive', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const name = folder.file('rotating.log', 'yesterday');
    await folder.run([name], { token });
    folder.file(name, 'today');
    expectSuccess(await folder.run([name], { token }));
    expect(await archivesOf(token.ticket)).toHaveLength(2);
  });

  it('a checksum file goes as one, before or after its file', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const name = folder.file('with sum.tgz', 'content');
    const sum = folder.file(`${name}.sha256`, `${sha256Of('content')}  ${name}\n`);
    for (const order of [
      [sum, name],
      [name, sum],
    ]) {
      const ended = await folder.run(order, { token });
      expectSuccess(ended);
      expect(ended.stdout).toContain(`${sum} was kept as a checksum.\n`);
    }
    expect(await archivesOf(token.ticket)).toMatchObject([{ filename: name }]);
  });

  it('the token stands in no list of processes and in no environment of another program', async () => {
    const token = await service.given.uploadToken();
    const seen = join(tempFolder(), 'seen');
    const name = folder.file('secret.log');
    const beforeCurl = `{ cat /proc/[0-9]*/cmdline /proc/$$/environ; } 2>/dev/null >>${seen}`;
    const ended = await folder.run([name], { token, beforeCurl });
    expectSuccess(ended);
    const { stdout, stderr, calls } = ended;
    // It was looked while the script worked.
    expect(readFileSync(seen, 'latin1')).toContain('Upload-Length');
    for (const text of [readFileSync(seen, 'latin1'), stdout, stderr, calls.join('\n')])
      expect(text).not.toContain(token.value);
  });

  it('the token may come from a file', async () => {
    const token = await service.given.uploadToken();
    const name = folder.file('by file.log');
    const secret = join(tempFolder(), 'token file');
    writeFileSync(secret, ` ${token.value} \r\n`);
    expectSuccess(await folder.run([name], { env: { UPLOAD_TOKEN_FILE: secret } }));
    expect(await archivesOf(token.ticket)).toHaveLength(1);
  });

  it('nothing is left on the disk', () => {
    expect(readdirSync(folder.temporary)).toEqual([]);
  });

  it('it says how it is used', async () => {
    for (const option of ['-h', '--help'])
      expect(await folder.run([option])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(
          `UPLOAD_URL         address of the service [${service.url}]`,
        ),
        stderr: '',
      });
    expect(await folder.run([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Usage: /),
    });
  });
});

describe('GET /upload.sh', () => {
  const get = (on: TestService, headers: Readonly<Record<string, string>> = {}) =>
    send(`${on.url}/upload.sh`, { method: 'GET', headers });

  it('is text that a browser shows, fresh each time', async () => {
    const answer = await get(service);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    });
    const head = await send(`${service.url}/upload.sh`, { method: 'HEAD' });
    expect(head).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': answer.headers['content-length'] },
    });
  });

  it('names the address that it was fetched from, or PUBLIC_URL', async () => {
    const servedFrom = (text: string) => /^served_from=(.*) #/m.exec(text)?.[1];
    expect(servedFrom((await get(service)).text)).toBe(`'${service.url}'`);
    const named = await get(service, { Host: 'logs.example.com' });
    expect(servedFrom(named.text)).toBe(`'http://logs.example.com'`);
    // Whoever makes a cache or a proxy send another Host must not get a word into a customer's shell.
    const hostile = await get(service, { Host: `a';id;'` });
    expect(hostile.status).toBe(400);
    const behind = await startedService({ PUBLIC_URL: `https://logs.example.com/it's/` });
    expect(servedFrom((await get(behind)).text)).toBe(`'https://logs.example.com/it'\\''s'`);
  });

  it('is what the line in the answer to the ticket fetches and runs', async () => {
    const platform = await service.given.platform();
    const { api } = await service.given.admin();
    const opened = await api.post('/tickets').send({ platform, number: 'SCRIPT-1' }).expect(201);
    const { script } = (opened.body as { token: { script: string } }).token;
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'logs.tgz'), noise(50_000));
    const { code, stdout, stderr } = await tool('sh', ['-c', script], { cwd });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(receiptsIn(stdout)).toMatchObject([{ name: 'logs.tgz', ticket: 'SCRIPT-1' }]);
  });
});
