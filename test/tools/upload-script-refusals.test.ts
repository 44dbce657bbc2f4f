import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sha256Of } from '../support/bytes.js';
import { afterFile } from '../support/cleaning.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { ScriptFolder, describeEachShell } from '../support/upload-script.js';
import type { ScriptEnded, ScriptWishes } from '../support/upload-script.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
let token: IssuedToken;
beforeAll(async () => {
  service = await startedService({ MAX_UPLOAD_BYTES: '1000000', TOKEN_MAX_FAILURES: '1' });
  token = await service.given.uploadToken({ attempts: 100 });
});

/** It failed, said why in exactly one line, and gave no receipt. */
const expectFailure = ({ code, stdout, stderr }: ScriptEnded, why: RegExp): void => {
  expect({ code, stdout, stderr }).toMatchObject({ code: 1, stdout: '' });
  const said = stderr.split('\n').filter(Boolean);
  expect(said.filter((line) => line.startsWith('upload.sh: '))).toEqual([
    expect.stringMatching(why),
  ]);
  // Beside it only what it was doing.
  expect(said.slice(0, -1).filter((line) => !/^ {2}|: computing the SHA-256/.test(line))).toEqual(
    [],
  );
};

describeEachShell('under', (shell) => {
  let folder: ScriptFolder;
  let name: string;
  beforeAll(async () => {
    folder = await ScriptFolder.fetched(service.url, shell);
    name = folder.file('logs.tgz', `from ${shell.name}`);
  });
  const run = (files: readonly string[], wishes: ScriptWishes = {}) =>
    folder.run(files, { token, ...wishes });

  it.each(['none.log', '-none', 'no\nne', 'none/none'])(
    'a file that is not there: %j',
    async (none) => {
      const shown = none.replace('\n', '\\?');
      expectFailure(
        await run([name, none]),
        new RegExp(`^upload.sh: ${shown}: there is no such file$`),
      );
    },
  );

  it('a folder, a pipe, an empty file, one that is too large: and then the others wait too', async () => {
    mkdirSync(join(folder.path, 'folder'), { recursive: true });
    expectFailure(await run([name, 'folder']), /: folder: this is no file; pack a folder with tar/);
    expectFailure(await run(['/dev/null']), /: \/dev\/null: this is no file/);
    folder.file('empty.log', '');
    expectFailure(await run([name, 'empty.log']), /: empty\.log: this file is empty$/);
    folder.file('large.log', Buffer.alloc(1_000_001));
    expectFailure(
      await run([name, 'large.log']),
      /: large\.log: 1000001 bytes are more than 1000000, the most that is taken; split it$/,
    );
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 100 });
  });

  it('no token and nobody to ask', async () => {
    expectFailure(await run([name], { token: null }), /: set UPLOAD_TOKEN to the upload token, or/);
    const env = { UPLOAD_TOKEN_FILE: join(folder.path, 'no such file') };
    expectFailure(
      await run([name], { token: null, env }),
      /UPLOAD_TOKEN_FILE names cannot be read/,
    );
  });

  it.each(['lct_no"such', 'lct_\\', 'lct_é', 'lct_x\nurl = "http://192.0.2.1"'])(
    'what is no token never reaches curl: %j',
    async (value) => {
      const ended = await run([name], { token: value });
      expectFailure(ended, /: this is no upload token; copy it whole$/);
      expect(ended.calls).toEqual([]);
    },
  );

  it('an unknown token', async () => {
    expectFailure(await run([name], { token: `lct_${'x'.repeat(32)}` }), /copied whole, or ask/);
  });

  it('a token that is revoked, expired, used up or locked, and a ticket that is resolved', async () => {
    const { api } = await service.given.admin();

    const revoked = await service.given.uploadToken();
    await api.delete(`/tickets/${revoked.ticket}/tokens/${revoked.id}`).expect(204);
    expectFailure(await run([name], { token: revoked }), /: the upload token was revoked; ask/);

    const expired = await service.given.uploadToken({ lifetime: 1 });
    await eventually(async () =>
      expect(await tokenState(service.url, expired)).toMatchObject({ state: 'expired' }),
    );
    expectFailure(await run([name], { token: expired }), /logs\.tgz: .* has expired; ask/);

    const exhausted = await service.given.uploadToken({ attempts: 1 });
    await upload(service.url, exhausted);
    expectFailure(await run([name], { token: exhausted }), /logs\.tgz: All attempts .* are used/);

    const locked = await service.given.uploadToken();
    await upload(service.url, locked, { bytes: Buffer.of() });
    expectFailure(await run([name], { token: locked }), /logs\.tgz: Too many uploads in a row/);

    const resolved = await service.given.uploadToken();
    await api.patch(`/tickets/${resolved.ticket}`).send({ resolved: true }).expect(200);
    expectFailure(await run([name], { token: resolved }), /logs\.tgz: .*resolved/);
  });

  it('a checksum file that contradicts the file', async () => {
    const own = await service.given.uploadToken();
    const sum = folder.file('claimed.log.sha256', sha256Of('another content'));
    const file = folder.file('claimed.log', 'content');
    const { code, stdout, stderr } = await run([sum, file], { token: own });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: 'claimed.log.sha256 was kept as a checksum.\n',
    });
    expect(stderr).toMatch(/^upload\.sh: claimed\.log: Its side-car claims SHA-256/m);
  });

  it('an address that is none, and one of something else', async () => {
    const to = (UPLOAD_URL: string) => run([name], { env: { UPLOAD_URL } });
    expectFailure(await to('logs.example.com'), /: set UPLOAD_URL to the address of the service/);
    expectFailure(await to('ftp://logs.example.com'), /: set UPLOAD_URL to the address/);
    const other = createServer((req, res) => {
      if (req.url?.startsWith('/moved'))
        res.writeHead(301, { Location: 'https://elsewhere/' }).end();
      else res.end('<html>"ticket"</html>');
    }).listen(0, '127.0.0.1');
    afterFile(() => other.close());
    await eventually(() => expect(other.listening).toBe(true));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expectFailure(await to(url), /: this is no upload service; check the address$/);
    expectFailure(await to(`${url}/moved`), /: this address leads elsewhere; set UPLOAD_URL/);
    expectFailure(await to(`${service.url}/nowhere`), /nowhere: There is no such address/);
    const env = { UPLOAD_RETRIES: 'many' };
    expectFailure(await run([name], { env }), /: set UPLOAD_RETRIES to a number$/);
  });

  it('a machine without curl', async () => {
    expectFailure(await run([name], { env: { PATH: tempFolder() } }), /: install curl first$/);
  });
});
