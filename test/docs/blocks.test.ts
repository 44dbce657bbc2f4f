import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnedService } from '../support/program.js';
import { run, shellBlocks } from '../support/shell-blocks.js';
import { noSos } from '../support/sos.js';
import { tempFolder } from '../support/temp-folder.js';
import { tlsProxy } from '../support/tls-proxy.js';

/**
 * The one wait of the README is for the next code, since a code works once. Instead of the clock, the account's last
 * used step goes back here.
 */
const sleep = `
sleep() {
  node -e "require('better-sqlite3')(process.env.DATABASE).exec('UPDATE users SET totp_last_step = 0')"
}
`;

/** Without sos its block does nothing. */
const absent = noSos === null ? '' : 'sos() { :; }';

it('the shell blocks of the README and of the integrations page run as they stand, in order', async () => {
  const service = await spawnedService({
    ADMIN_USERNAME: '',
    ADMIN_PASSWORD: '',
    TRUSTED_PROXIES: '127.0.0.1/32',
  });
  // As on an operator's machine: some collectors speak https alone.
  const proxy = await tlsProxy(service.url);
  await service.log.event('setup.link');
  const log = join(tempFolder(), 'service.log');
  writeFileSync(log, service.log.text);
  const wgetrc = join(tempFolder(), 'wgetrc');
  writeFileSync(wgetrc, `ca_certificate = ${proxy.certificate}\n`);
  const blocks = [...shellBlocks('README.md'), ...shellBlocks('docs/integrations.md')];
  expect(blocks.length).toBeGreaterThan(15);

  const script = [
    sleep,
    absent,
    ...blocks,
    'echo all blocks ran',
    `send "$BASE/api/v1/upload-token"`,
  ].join('\n');
  const { code, output } = await run(script, {
    BASE: proxy.url,
    CURL_CA_BUNDLE: proxy.certificate,
    REQUESTS_CA_BUNDLE: proxy.certificate,
    WGETRC: wgetrc,
    SERVICE_LOG: log,
    DATABASE: join(service.place.dataDir, 'logs-collector.sqlite'),
    TMPDIR: tempFolder(),
  });

  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('all blocks ran') });
  // A pipe in a block hides what failed before its end: what was delivered tells.
  const [receipt = ''] = output.trim().split('\n').slice(-1);
  const { archives } = JSON.parse(receipt) as { archives: { filename: string }[] };
  const delivered = archives.map(({ filename }) => filename.replace(/^sosreport-.*$/, 'sosreport'));
  expect(delivered).toEqual([
    'scc_db1_251120_1011.txz',
    ...(noSos === null ? ['sosreport'] : []),
    'claimed.tgz',
    'checked.tgz',
    'night.tgz',
    'resumed.tgz',
    ...['logs.tgz', 'logs.tgz', 'posted.tgz', 'streamed.tgz', 'logs.tgz', 'logs.tgz'],
  ]);
});
