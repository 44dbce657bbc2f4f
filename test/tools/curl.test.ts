import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { admin } from '../support/given.js';
import { startedService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { tlsProxy } from '../support/tls-proxy.js';
import { tool } from '../support/tool.js';

it('a customer pastes the line of a new ticket into a shell', async () => {
  const service = await startedService();
  const platform = await service.given.platform();
  const { api } = await service.given.admin();
  const opened = await api.post('/tickets').send({ platform, number: 'CURL-1' }).expect(201);
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'logs.tgz'), 'some logs');
  const { curl } = (opened.body as { token: { curl: string } }).token;
  const { stdout } = await tool('sh', ['-c', curl], { cwd });
  expect(JSON.parse(stdout)).toMatchObject({ ticket: 'CURL-1', filename: 'logs.tgz', size: 9 });
});

it('takes the session’s cookie behind a proxy that ends TLS', async () => {
  const service = await startedService({ TRUSTED_PROXIES: '127.0.0.1/32' });
  const { url, certificate } = await tlsProxy(service.url);
  const jar = join(tempFolder(), 'jar');
  const login = await tool('curl', [
    ...['-sS', '--cacert', certificate, '-c', jar, '-H', 'Content-Type: application/json'],
    ...['-d', JSON.stringify(admin), `${url}/api/v1/auth/login`],
  ]);
  expect(login).toMatchObject({ code: 0, stdout: expect.stringContaining('"aal":1') });
  expect(readFileSync(jar, 'utf8')).toMatch(/\tTRUE\t0\t__Host-lc_session\t/);
  const again = await tool('curl', [
    ...['-sS', '--cacert', certificate, '-b', jar, `${url}/api/v1/auth/session`],
  ]);
  expect(again.stdout).toContain('"username":"root"');
});
