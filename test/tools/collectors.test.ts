import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { noise, sha256Of } from '../support/bytes.js';
import { describeUnless } from '../support/left-out.js';
import { tempFolder } from '../support/temp-folder.js';
import { rawSocket } from '../support/http.js';
import { noSos } from '../support/sos.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tlsProxy } from '../support/tls-proxy.js';
import type { TlsProxy } from '../support/tls-proxy.js';
import { tool } from '../support/tool.js';
import { tokenState } from '../support/upload-under-way.js';

/**
 * Collectors as they are, with nothing but an address and a token: the real program where it can be had, else its
 * requests, byte for byte as its HTTP library writes them.
 */

let service: TestService;
let proxy: TlsProxy;
beforeAll(async () => {
  service = await startedService({ TRUSTED_PROXIES: '127.0.0.1/32' });
  proxy = await tlsProxy(service.url);
});

interface Token {
  readonly value: string;
}

/** That exactly this file was delivered, and cost one attempt of one. */
const expectDelivered = async (token: Token, filename: string, bytes: Buffer): Promise<void> => {
  expect(await tokenState(service.url, token)).toMatchObject({
    attemptsLeft: 0,
    archives: [{ filename, size: bytes.length, sha256: sha256Of(bytes) }],
  });
};

/** Sends a request as it stands. @returns what comes back, as it came */
const replayed = async (lines: readonly string[], body: Buffer): Promise<string> => {
  const head = `${lines.join('\r\n')}\r\n\r\n`;
  const socket = await rawSocket(service.url);
  socket.write(head);
  if (head.includes('Expect: 100-continue'))
    await socket.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  socket.write(body);
  const answer = await socket.until(/\r\n\r\n\{.*\}$/s);
  socket.end();
  return answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
};

const basic = ({ value }: Token): string =>
  `Authorization: Basic ${Buffer.from(`any:${value}`).toString('base64')}`;

describeUnless(noSos)('sos', () => {
  const report = (token: Token, folder: string, path: string) =>
    tool(
      'sos',
      [
        ...['report', '--batch', '--tmp-dir', folder, '--only-plugins', 'host'],
        ...['--upload-url', proxy.url + path],
        ...['--upload-user', 'any', '--upload-pass', token.value],
      ],
      { env: { REQUESTS_CA_BUNDLE: proxy.certificate } },
    );

  const paths = ['/api/v1/archives', '/api/v1/archives/'];
  it.each(paths)('delivers its report to %s over TLS', async (path) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const folder = tempFolder();
    const { stdout, stderr } = await report(token, folder, path);
    expect(stdout + stderr).toContain('Uploaded archive successfully');
    const [made] = readdirSync(folder).filter((file) => /\.tar\.[a-z0-9]+$/.test(file));
    const file = join(folder, String(made));
    await expectDelivered(token, basename(file), readFileSync(file));
  });

  it('says what is wrong with a token that is unknown', async () => {
    const unknown = { value: `lct_${'A'.repeat(32)}` };
    const { stdout, stderr } = await report(unknown, tempFolder(), '/api/v1/archives');
    expect(stdout + stderr).toMatch(/Upload attempt failed: Authentication failed/);
  });
});

/** What the collector sends, as it was recorded; `{}` stands for the length of the body. */
interface Recording {
  readonly request: string;
  readonly headers: readonly string[];
  readonly body: (file: Buffer) => Buffer;
}

const alone = (file: Buffer): Buffer => file;

/** As the file's part comes from python-requests: without a type of its own. */
const inForm =
  (filename: string) =>
  (file: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('--25a09f2f066e8e88fbb4dac777d6657d\r\n'),
      Buffer.from(`Content-Disposition: form-data; name="file"; filename="${filename}"\r\n\r\n`),
      file,
      Buffer.from('\r\n--25a09f2f066e8e88fbb4dac777d6657d--\r\n'),
    ]);

const python = [
  'User-Agent: python-requests/2.28.1',
  'Accept-Encoding: gzip, deflate',
  'Accept: */*',
  'Connection: keep-alive',
  'Content-Length: {}',
];
const sosName = 'sosreport-db1-SUP-48213-2025-11-20-bufwevf.tar.xz';
const bundle = 'support-bundle-2025-11-20T10_11_12.tar.gz';
const go = ['User-Agent: Go-http-client/1.1', 'Content-Length: {}', 'BASIC'];

// Of the collectors that are not at hand here. Which answers they take: sos 200 and 201, the others any 2xx.
const recordings: readonly (readonly [name: string, filename: string, Recording])[] = [
  [
    'newer sos, --upload-method post',
    sosName,
    {
      request: 'POST /api/v1/archives HTTP/1.1',
      headers: [
        ...python,
        'Content-Type: multipart/form-data; boundary=25a09f2f066e8e88fbb4dac777d6657d',
        'BASIC',
      ],
      body: inForm(sosName),
    },
  ],
  [
    'newer sos, --upload-method put',
    sosName,
    {
      request: `PUT /api/v1/archives/${sosName} HTTP/1.1`,
      headers: [...python, 'BASIC'],
      body: alone,
    },
  ],
  [
    'support-bundle of troubleshoot.sh, uploadResultsTo with PUT',
    bundle,
    {
      request: `PUT /api/v1/archives/${bundle} HTTP/1.1`,
      headers: [...go, 'Accept-Encoding: gzip'],
      body: alone,
    },
  ],
  [
    'support-bundle of troubleshoot.sh, uploadResultsTo with POST and a type in the address',
    bundle,
    {
      request: `POST /api/v1/archives/${bundle}?Content-Type=application%2Ftar%2Bgzip HTTP/1.1`,
      headers: [...go, 'Content-Type: application/tar+gzip', 'Accept-Encoding: gzip'],
      body: alone,
    },
  ],
  [
    'reporter-upload of ABRT, to an address that ends with a slash',
    'ccpp-2025-11-20-10:11:12-4711.tar.gz',
    {
      request: 'PUT /api/v1/archives/ccpp-2025-11-20-10:11:12-4711.tar.gz HTTP/1.1',
      headers: [
        'BASIC',
        'Accept: */*',
        'Content-Type: application/octet-stream',
        'User-Agent: ABRT/2.17.15',
        'Content-Length: {}',
        'Expect: 100-continue',
      ],
      body: alone,
    },
  ],
];

describe('a collector whose requests are replayed byte for byte', () => {
  it.each(recordings)('%s, delivers', async (_, filename, { request, headers, body }) => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const file = noise(300_000, filename.length);
    const sent = body(file);
    const filled = headers.map((line) =>
      line === 'BASIC' ? basic(token) : line.replace('{}', String(sent.length)),
    );
    const answer = await replayed([request, `Host: ${new URL(service.url).host}`, ...filled], sent);
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    await expectDelivered(token, filename, file);
  });
});

/**
 * supportconfig of SUSE runs on SUSE alone; it uploads with curl. `-U https://any:<token>@host/api/v1/archives/{tarball}`
 * makes it send `<name>.md5` and then the file, or in its place `<name>.gpg` where it is told to encrypt.
 */
describe('supportconfig', () => {
  const tarball = 'scc_db1_251120_1011_21a17f8c-13c2-44ff-b0ef-29b7fa7d91c0.txz';
  const bytes = noise(200_000, 5);
  const md5 = Buffer.from(`${execFileSync('md5sum', { input: bytes }).toString().slice(0, 32)}\n`);

  const lines = (name: string, token: Token, body: Buffer) => [
    `PUT /api/v1/archives/${name} HTTP/1.1`,
    `Host: ${new URL(service.url).host}`,
    basic(token),
    'User-Agent: SupportConfig',
    'Accept: */*',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
  ];

  it.each([tarball, `${tarball}.gpg`])(
    'delivers %s for one attempt, replayed byte for byte',
    async (name) => {
      const token = await service.given.uploadToken({ attempts: 1 });
      const claimed = await replayed(lines(`${tarball}.md5`, token, md5), md5);
      expect(claimed).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
      expect(await tokenState(service.url, token)).toMatchObject({
        attemptsLeft: 1,
        archives: [],
      });
      const stored = await replayed(lines(name, token, bytes), bytes);
      expect(stored).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
      await expectDelivered(token, name, bytes);
    },
  );

  it('delivers as it calls the real curl, over TLS', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const folder = tempFolder();
    writeFileSync(join(folder, `${tarball}.md5`), md5);
    writeFileSync(join(folder, tarball), bytes);
    const to = proxy.url.replace('https://', `https://any:${token.value}@`);
    const env = { CURL_CA_BUNDLE: proxy.certificate };
    for (const name of [`${tarball}.md5`, tarball]) {
      const { code } = await tool(
        'curl',
        ['-s', '-L', '-A', 'SupportConfig', '-T', name, `${to}/api/v1/archives/${name}`],
        { cwd: folder, env },
      );
      expect(code).toBe(0);
    }
    await expectDelivered(token, tarball, bytes);
  });
});
