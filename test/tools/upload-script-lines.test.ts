import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise, seeded, sha256Of } from '../support/bytes.js';
import { cuttingProxy, randomCuts } from '../support/cutting-proxy.js';
import type { CuttingProxy } from '../support/cutting-proxy.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import {
  ScriptFolder,
  describeEachShell,
  expectSuccess,
  receiptsIn,
} from '../support/upload-script.js';
import type { ScriptEnded } from '../support/upload-script.js';
import { tokenState } from '../support/upload-under-way.js';

const MiB = 1024 ** 2;
const size = 6 * MiB;
const bytes = noise(size, 11);
/** The requests that come before the file's bytes, and what belongs to them. */
const preamble = 4096;

let service: TestService;
beforeAll(async () => {
  service = await startedService();
});

/** The one archive of a token that had two attempts. */
const expectOneArchive = async (token: IssuedToken, ended: ScriptEnded): Promise<void> => {
  expectSuccess(ended);
  const { api } = await service.given.admin();
  const { body } = await api.get(`/archives?ticket=${token.ticket}`).expect(200);
  const { items } = body as { items: { id: string }[] };
  expect(items).toEqual([expect.objectContaining({ size, sha256: sha256Of(bytes) })]);
  expect(receiptsIn(ended.stdout)).toMatchObject([
    { archive: items[0]?.id, 'SHA-256': sha256Of(bytes), size: `${size} bytes` },
  ]);
  expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
};

/** Resolves when so many bytes of the client have come through. */
const passed = (line: CuttingProxy, least: number): Promise<void> =>
  eventually(() => expect(line.counters.clientBytes).toBeGreaterThan(least));

/** A token of two attempts, and a bad line to the service. */
const begun = async ({ url, given }: TestService) => {
  const token = await given.uploadToken({ attempts: 2 });
  const line = await cuttingProxy(url);
  return { token, line, wishes: { token, env: { UPLOAD_URL: `${line.url}//` } } };
};

describeEachShell('under', (shell) => {
  let folder: ScriptFolder;
  let name: string;
  beforeAll(async () => {
    folder = await ScriptFolder.fetched(service.url, shell);
    name = folder.file('журнал {1}.tgz', bytes);
  });

  it('a line that breaks at random places delays a file, and no more', async () => {
    const { token, line, wishes } = await begun(service);
    line.plan(...randomCuts(seeded(shell.name.length), { count: 8, bytes: size, piece: 0 }));
    await expectOneArchive(token, await folder.run([name], wishes));
    expect(line.counters.cuts).toBe(8);
    // Each time it went on, and did not begin anew.
    expect(line.counters.clientBytes).toBeLessThan(2 * size);
  });

  it('killed and run again it goes on where it was', async () => {
    const { token, line, wishes } = await begun(service);
    const first = folder.start([name], { ...wishes, curlOptions: '--limit-rate 4M' });
    await passed(line, size / 2);
    await first.kill();
    const before = line.counters.clientBytes;
    const again = await folder.run([name], wishes);
    await expectOneArchive(token, again);
    expect(again.stderr).toMatch(/^ {2}going on after \d+ of 6291456 bytes$/m);
    expect(line.counters.clientBytes - before).toBeLessThan(0.75 * size);
  });

  it('a lost last answer is asked for', async () => {
    const { token, line, wishes } = await begun(service);
    line.plan({ afterBytes: size, ofAnswer: 0, how: 'reset' });
    const ended = await folder.run([name], wishes);
    await expectOneArchive(token, ended);
    expect(ended.calls.filter((call) => call.includes('PATCH'))).toHaveLength(1);
    expect(line.counters.cuts).toBe(1);
  });

  it('waits rise up to a minute, and it gives up when nothing helps', async () => {
    const { line, wishes } = await begun(service);
    await line.close();
    const env = { ...wishes.env, UPLOAD_RETRIES: '9' };
    const { code, stdout, stderr, waits } = await folder.run([name], { ...wishes, env });
    expect({ code, stdout, waits }).toEqual({
      code: 1,
      stdout: '',
      waits: [1, 2, 4, 8, 16, 32, 60, 60, 60],
    });
    expect(stderr.match(/^upload\.sh: .*$/gm)).toEqual([
      expect.stringMatching(
        /: given up \(Failed to connect .*\); run the same line again to go on$/,
      ),
    ]);
  });

  it('progress starts the waits and the tries anew', async () => {
    const { token, line, wishes } = await begun(service);
    line.plan(
      { afterBytes: preamble + MiB, how: 'reset' },
      { afterBytes: 0, how: 'reset' },
      { afterBytes: 0, how: 'reset' },
      { afterBytes: preamble + MiB, how: 'reset' },
      { afterBytes: 0, how: 'reset' },
    );
    const env = { ...wishes.env, UPLOAD_RETRIES: '3' };
    const ended = await folder.run([name], { ...wishes, env });
    await expectOneArchive(token, ended);
    expect(ended.waits).toEqual([1, 2, 4, 1, 2]);
  });

  it.each([
    ['grows', 'printf more >>'],
    ['shrinks', 'printf less >'],
    ['changes in its place', `printf other | dd conv=notrunc bs=1 seek=${size - 5} of=`],
    ['goes', 'rm '],
  ])('a file that %s while it is sent is refused in one line', async (_what, command) => {
    const { token, line, wishes } = await begun(service);
    const changing = folder.file('changing.log', bytes);
    line.cutAfter(preamble + MiB);
    const instead = `${command}'${join(folder.path, changing)}' 2>/dev/null`;
    const { code, stdout, stderr } = await folder.run([changing], { ...wishes, instead });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.match(/^upload\.sh: .*$/gm)).toEqual([
      'upload.sh: changing.log: this file changed while it was sent; send a copy that stays as it is',
    ]);
    expect(await tokenState(service.url, token)).toMatchObject({ archives: [], attemptsLeft: 2 });
  });
});

describe('with patience', () => {
  let folder: ScriptFolder;
  let name: string;
  beforeAll(async () => {
    folder = await ScriptFolder.fetched(service.url);
    name = folder.file('logs.tgz', bytes);
  });

  it('a log that is still written goes as it was', async () => {
    const { token, line, wishes } = await begun(service);
    const growing = folder.file('growing.log', bytes);
    const running = folder.start([growing], { ...wishes, curlOptions: '--limit-rate 4M' });
    await passed(line, preamble + MiB);
    appendFileSync(join(folder.path, growing), 'more');
    await expectOneArchive(token, await running.ended);
  });

  it('a line on which nothing moves counts as broken', async () => {
    const { token, line, wishes } = await begun(service);
    const running = folder.start([name], {
      ...wishes,
      // In place of two minutes.
      curlOptions: '--speed-time 1 --limit-rate 8M',
    });
    await passed(line, size / 4);
    line.stall();
    await running.says(/trying again/);
    line.cutAll();
    line.restore();
    await expectOneArchive(token, await running.ended);
  });

  it('a service that asks for patience gets it', async () => {
    const own = await startedService({ MAX_UPLOADS: '1' });
    const { token, line, wishes } = await begun(own);
    const first = folder.start([name], { ...wishes, curlOptions: '--limit-rate 1M' });
    await passed(line, size / 8);
    const other = folder.file('other.log', 'another file');
    const second = folder.start([other], {
      token,
      env: { UPLOAD_URL: own.url },
      instead: '/bin/sleep 0.1',
    });
    await second.says(/Too many uploads are under way; .*; trying again in 15 s/);
    await first.kill();
    expectSuccess(await second.ended);
  });
});
