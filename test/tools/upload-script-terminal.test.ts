import { noise, sha256Of } from '../support/bytes.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
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

const ctrlC = '\u0003';

describeEachShell('at a terminal, under', (shell) => {
  let folder: ScriptFolder;
  beforeAll(async () => {
    folder = await ScriptFolder.fetched(service.url, shell);
  });

  it('the token is asked for and not shown', async () => {
    const token = await service.given.uploadToken();
    const name = folder.file('logs.tgz', noise(400_000, 2));
    const running = folder.start([name], { atTerminal: true });
    await running.says(/^Upload token: $/);
    running.type(`${token.value}\n`);
    const ended = await running.ended;
    expectSuccess(ended);
    const { stdout } = ended;
    expect(stdout).not.toContain(token.value);
    expect(receiptsIn(stdout.replaceAll('\r', ''))).toMatchObject([
      { name, 'SHA-256': sha256Of(noise(400_000, 2)), ticket: token.ticket },
    ]);
    // The bar of curl.
    expect(stdout).toMatch(/#+ +\d+\.\d%|#{20}/);
  });

  it('whoever changes their mind at the prompt gets their terminal back', async () => {
    const running = folder.start([folder.file('logs.tgz')], { atTerminal: true });
    await running.says(/^Upload token: $/);
    running.type(ctrlC);
    const { code, stdout, calls } = await running.ended;
    expect({ code, stdout, calls }).toEqual({
      code: 130,
      stdout: 'Upload token: \r\n',
      calls: [],
    });
  });

  it('Ctrl-C ends it with one line that says how to go on, and the same line goes on', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const size = 3_000_000;
    const name = folder.file('broken off.tgz', noise(size, 3));
    const first = folder.start([name], { token, atTerminal: true, curlOptions: '--limit-rate 1M' });
    await first.says(/[1-9]\.\d%/);
    first.type(ctrlC);
    const { code, stdout } = await first.ended;
    expect({ code, stdout }).toEqual({
      code: 130,
      stdout: expect.stringMatching(
        /\nupload\.sh: interrupted; run the same line again to go on\r\n$/,
      ),
    });
    const again = await folder.run([name], { token });
    expectSuccess(again);
    expect(again.stderr).toMatch(/^ {2}going on after [1-9]\d* of 3000000 bytes$/m);
    expect(await tokenState(service.url, token)).toMatchObject({
      attemptsLeft: 0,
      archives: [{ filename: name, size, sha256: sha256Of(noise(size, 3)) }],
    });
  });
});
