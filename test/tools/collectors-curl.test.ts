import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, noise, sha256Of } from '../support/bytes.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { describeUnless, lackOf, toleratedOutsideCi } from '../support/left-out.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { tlsProxy } from '../support/tls-proxy.js';
import type { TlsProxy } from '../support/tls-proxy.js';
import { tool } from '../support/tool.js';
import { tokenState } from '../support/upload-under-way.js';

/** What a customer types who has nothing but the real curl or wget. */

let service: TestService;
let proxy: TlsProxy;
let archives: string;
let folder: string;
const bytes = noise(150_000, 3);
const large = 64 * 1024 ** 2;

beforeAll(async () => {
  service = await startedService({ TRUSTED_PROXIES: '127.0.0.1/32' });
  proxy = await tlsProxy(service.url);
  archives = `${service.url}/api/v1/archives`;
  folder = tempFolder();
  writeFileSync(join(folder, 'logs.tgz'), bytes);
  const file = openSync(join(folder, 'large.bin'), 'w');
  ftruncateSync(file, large);
  closeSync(file);
});

const run = (name: 'curl' | 'wget' | 'sh', ...args: string[]) =>
  tool(name, args, { cwd: folder, env: { CURL_CA_BUNDLE: proxy.certificate } });
const curl = (...args: string[]) => run('curl', '-sS', ...args);

const delivered = async (token: { readonly value: string }) => {
  const { archives: list } = (await tokenState(service.url, token)) as {
    archives: readonly { filename: string; size: number; sha256: string }[];
  };
  return list.map(({ filename, size, sha256 }) => ({ filename, size, sha256 }));
};
const logs = { filename: 'logs.tgz', size: bytes.length, sha256: sha256Of(bytes) };

describe('curl', () => {
  it('runs the line of the answer to the customer as it stands, through a proxy that ends TLS', async () => {
    const { value } = await service.given.apiKey(['tickets:write']);
    const opened = await curl(
      ...['-H', `Authorization: Bearer ${value}`, '-H', 'Content-Type: application/json'],
      ...['-d', JSON.stringify({ platform: await service.given.platform(), number: 'TLS-1' })],
      `${proxy.url}/api/v1/tickets`,
    );
    const { token } = JSON.parse(opened.stdout) as { token: { value: string; curl: string } };
    expect(token.curl).toContain(proxy.url);
    const answered = await run('sh', '-c', token.curl);
    expect(answered).toMatchObject({ code: 0 });
    expect(JSON.parse(answered.stdout)).toMatchObject({ ticket: 'TLS-1', ...logs });
    expect(await delivered(token)).toEqual([logs]);
  });

  it('-T takes the name of the file, whatever it is, to an address that ends with a slash', async () => {
    const names = [
      'Журнал за 20.11.tgz',
      "it's.log",
      'a?b#c&d.log',
      '50%.log',
      '-rf.log',
      'a+b;c.log',
    ];
    const token = await service.given.uploadToken({ attempts: names.length });
    for (const name of names) {
      writeFileSync(join(folder, name), bytes);
      const { stdout } = await curl('-u', `any:${token.value}`, '-T', `./${name}`, `${archives}/`);
      expect(JSON.parse(stdout)).toMatchObject({ filename: name, sha256: logs.sha256 });
    }
  });

  it('-T takes several files, each an archive', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    for (const name of ['one.log', 'two.log']) writeFileSync(join(folder, name), name);
    const { code } = await curl('-u', `any:${token.value}`, '-T', '{one,two}.log', `${archives}/`);
    expect(code).toBe(0);
    const names = (await delivered(token)).map(({ filename }) => filename);
    expect(names).toEqual(['two.log', 'one.log']);
  });

  it('sends what it reads, of unknown length, by PUT and as a form', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const using = { cwd: folder, stdin: bytes };
    const proof = ['-sS', '-H', `Upload-Token: ${token.value}`];
    await tool('curl', [...proof, '-T', '-', `${archives}/piped.tgz`], using);
    await tool('curl', [...proof, '-F', 'file=@-;filename=form.tgz', archives], using);
    expect(await delivered(token)).toEqual([
      { ...logs, filename: 'form.tgz' },
      { ...logs, filename: 'piped.tgz' },
    ]);
  });

  it('gets its archive once where the answer is lost and it tries again with a key', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const line = await cuttingProxy(service.url);
    line.loseAnswer();
    const { code, stdout } = await curl(
      ...['--retry', '3', '--retry-all-errors', '--retry-delay', '1'],
      ...['-H', `Upload-Token: ${token.value}`, '-H', 'Idempotency-Key: night-1'],
      ...['-T', 'logs.tgz', `${line.url}/api/v1/archives/`],
    );
    expect({ code, body: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, body: logs });
    expect(line.counters).toMatchObject({ cuts: 1, connections: 2 });
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
    expect(await delivered(token)).toEqual([logs]);
  });

  it.each(['Content-Digest', 'Repr-Digest'])('claims the file by %s', async (header) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const before = storedFiles(service.place);
    const claiming = (claimed: Buffer) =>
      curl(
        ...['-H', `Upload-Token: ${token.value}`, '-H', `${header}: ${digestOf(claimed)}`],
        ...['-T', 'logs.tgz', `${archives}/`],
      );
    const refused = await claiming(noise(150_000, 4));
    expect(JSON.parse(refused.stdout)).toMatchObject({ status: 422, code: 'digest-mismatch' });
    expect(storedFiles(service.place)).toEqual(before);
    await claiming(bytes);
    expect(await delivered(token)).toEqual([logs]);
  });
});

describe('a large upload of curl that is refused', () => {
  // Long enough for any machine: curl sends the body without an answer after that.
  const patient = ['--expect100-timeout', '30', '-o', 'refused.json'];
  const report = ['-w', '%{http_code} %{size_upload}'];

  const ways = [
    ['by PUT', () => ['-T', 'large.bin', `${archives}/`]],
    [
      'by PUT through a proxy that ends TLS',
      () => ['-T', 'large.bin', `${proxy.url}/api/v1/archives/`],
    ],
    ['as a form', () => ['-F', 'file=@large.bin', archives]],
    ['by POST', () => ['--data-binary', '@large.bin', `${archives}/large.bin`]],
  ] as const;

  it.each(ways)('%s sends none of its bytes', async (_, how) => {
    const { api } = await service.given.admin();
    const small = await service.given.platform({ maxUploadBytes: large / 2 });
    const resolved = await service.given.uploadToken();
    await api.patch(`/tickets/${resolved.ticket}`).send({ resolved: true }).expect(200);
    const revoked = await service.given.uploadToken();
    await api.delete(`/tickets/${revoked.ticket}/tokens/${revoked.id}`).expect(204);
    const refusals = {
      401: { value: `lct_${'A'.repeat(32)}` },
      410: revoked,
      413: await service.given.uploadToken({ platform: small }),
      423: resolved,
    };
    const answered: Record<string, string> = {};
    for (const [status, { value }] of Object.entries(refusals)) {
      const headers = ['-H', `Upload-Token: ${value}`];
      answered[status] = (await curl(...patient, ...report, ...headers, ...how())).stdout;
    }
    expect(answered).toEqual({ 401: '401 0', 410: '410 0', 413: '413 0', 423: '423 0' });
  });

  it('would have been sent whole with a token that may upload', async () => {
    const { value } = await service.given.uploadToken({ attempts: 1 });
    const [[, how]] = ways;
    const { stdout } = await curl(...patient, ...report, '-H', `Upload-Token: ${value}`, ...how());
    expect(stdout).toBe(`201 ${large}`);
  });
});

describeUnless(toleratedOutsideCi(lackOf('wget')))('wget', () => {
  const ways = [
    [
      'PUT and a header',
      (value: string) => [
        '--method=PUT',
        '--body-file=logs.tgz',
        `--header=Upload-Token: ${value}`,
      ],
    ],
    [
      'POST and a header',
      (value: string) => ['--post-file=logs.tgz', `--header=Upload-Token: ${value}`],
    ],
    [
      'POST and Basic',
      (value: string) => [
        '--post-file=logs.tgz',
        '--auth-no-challenge',
        '--user=any',
        `--password=${value}`,
      ],
    ],
    [
      'POST and Basic, once it is asked for it',
      (value: string) => ['--post-file=logs.tgz', '--user=any', `--password=${value}`],
    ],
  ] as const;
  it.each(ways)('sends a file with %s, over TLS', async (_, how) => {
    const { value } = await service.given.uploadToken({ attempts: 1 });
    const { code, stdout, stderr } = await run(
      'wget',
      ...['-nv', '-O', '-', `--ca-certificate=${proxy.certificate}`, ...how(value)],
      `${proxy.url}/api/v1/archives/logs.tgz`,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject(logs);
  });
});
