import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { SourceWindow } from '../../src/throttling/source-window.entity.js';
import { Setting } from '../../src/database/setting.entity.js';
import { mirrorHeader, proofOf } from '../../src/http/mirror/mirror.protocol.js';
import type { Wish } from '../../src/http/mirror/mirror.protocol.js';
import { Keyring } from '../../src/secrets/secrets.js';
import { command } from '../support/command.js';
import { freshPlace, isSqlite } from '../support/database.js';
import { doctorSays, named, sentence, typedDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { admin } from '../support/given.js';
import { expectProblem, rawSocket, send } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder, storedFiles } from '../support/store-files.js';

type Env = Readonly<Record<string, string>>;

/** Nothing is in front of this service: the doctor asks it where it listens. */
const at = ({ url }: TestService): Env => ({ PORT: new URL(url).port });
/** Nobody is there: what is seen from outside is over at once. */
const nowhere = { PUBLIC_URL: 'http://127.0.0.1:1' };

describe('a doctor beside a service', () => {
  it('says a line a check, tells no secret and leaves nothing behind', async () => {
    const service = await startedService({ METRICS_TOKEN: 'a-token-of-sixteen-characters' });
    await service.given.archive();
    // But what the service does by itself meanwhile: it seals, and counts addresses.
    const { entityMetadatas, manager } = service.app.get(DataSource);
    const tables = entityMetadatas.filter(
      ({ target }) => target !== Setting && target !== SourceWindow,
    );
    const look = async () => ({
      rows: await Promise.all(tables.map(async ({ name }) => [name, await manager.count(name)])),
      files: storedFiles(service.place),
    });
    const before = await look();
    const { code, stdout, stderr } = await command(['doctor', '--seconds', '1'], {
      place: service.place,
      env: at(service),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    for (const line of lines.slice(0, -1))
      expect(line).toMatch(/^(ok {2}|warn|skip) {2}[a-z-]+: ./);
    expect(lines.at(-1)).toMatch(/^\d+ ok, \d+ to look at, 0 failed$/);
    expect(stdout).toMatch(/^warn {2}public-url: /m);
    expect(stdout).toMatch(/^warn {2}admin-password: /m);
    expect(stdout).toMatch(/^ok {4}client-address: nothing is between/m);
    const key = readFileSync(join(service.place.dataDir, 'secret.key'), 'utf8').trim();
    for (const secret of [key, admin.password, service.place.databaseUrl, mirrorHeader])
      expect(stdout).not.toContain(secret);
    expect(await look()).toEqual(before);
  });

  it('knows whom TRUSTED_PROXIES names too generously', async () => {
    const env = { TRUSTED_PROXIES: '127.0.0.1' };
    const service = await startedService(env);
    const visit = await doctorSays(service, { ...at(service), ...env });
    expect(visit.code).toBe(1);
    expect(named(visit, 'fail')).toEqual(['forged-address']);
    expect(sentence(visit, 'forged-address')).toMatch(/127\.0\.0\.1 .* TRUSTED_PROXIES names it/);
    expect(named(visit, 'warn').includes('secret-key')).toBe(!isSqlite);
  });

  it('names what is wrong with storage, space and permissions', async () => {
    const service = await startedService();
    const store = storeFolder(service.place);
    const full = await doctorSays(service, { ...nowhere, MIN_FREE_BYTES: String(2 ** 52) });
    expect(named(full, 'fail')).toEqual(['free-space', 'service']);
    chmodSync(service.place.dataDir, 0o755);
    chmodSync(join(service.place.dataDir, 'secret.key'), 0o644);
    renameSync(store, `${store}-away`);
    mkdirSync(store);
    const visit = await doctorSays(service, nowhere);
    expect(visit.code).toBe(1);
    expect(named(visit, 'fail')).toEqual(['files', 'storage', 'service']);
    expect(sentence(visit, 'files')).toMatch(/secret\.key \(644\).*chmod go= /);
    expect(sentence(visit, 'storage')).toMatch(/not mounted.*STORAGE_URL/);
  });
});

describe('a doctor without a service', () => {
  it('makes no database and no key', async () => {
    const place = await freshPlace();
    const { code, stdout } = await command(['doctor', '--seconds', '0'], { place });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}database: /m);
    expect(existsSync(join(place.dataDir, 'secret.key'))).toBe(false);
    if (place.target.kind === 'sqlite') expect(existsSync(place.target.path)).toBe(false);
  });

  it('says that the service does not run, and migrates nothing', async () => {
    const service = await startedService();
    const dataSource = service.app.get(DataSource);
    await dataSource.query('DELETE FROM migrations');
    // Its connections are gone with it.
    await service.stop();
    for (const time of ['first', 'second']) {
      const visit = await typedDoctor(service, at(service));
      expect({ time, code: visit.code, failed: named(visit, 'fail') }).toEqual({
        time,
        code: 1,
        failed: ['database', 'service'],
      });
      expect(sentence(visit, 'database')).toMatch(/migrations have not run yet/);
      expect(sentence(visit, 'service')).toMatch(/ECONNREFUSED/);
    }
  });

  it('says that the database does not answer, and not with which password it was asked', async () => {
    const place = await freshPlace();
    const DATABASE_URL = 'postgres://logs:hidden-word@127.0.0.1:1/logs';
    const visit = await typedDoctor({ place }, { ...nowhere, DATABASE_URL });
    expect(visit.code).toBe(1);
    expect(sentence(visit, 'database')).toMatch(/ECONNREFUSED/);
    expect(JSON.stringify(visit)).not.toContain('hidden-word');
  });

  it('refuses a time that makes no sense', async () => {
    expect(await command(['doctor', '--seconds', '601'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('0 to 600'),
    });
  });
});

describe('the mirror', () => {
  let service: TestService;
  const proved = (wish: Wish, key?: Keyring) => ({
    [mirrorHeader]: proofOf(wish, key ?? service.app.get(Keyring), new Date()),
  });
  const seen: Wish = { kind: 'seen' };

  beforeAll(async () => {
    service = await startedService();
  });

  it('shows a request to a holder of SECRET_KEY, and does not carry it out', async () => {
    const { api } = await service.given.admin();
    const { ticket } = await service.given.uploadToken();
    const url = `${service.url}/api/v1/tickets/${ticket}`;
    const answer = await send(url, { method: 'DELETE', headers: proved(seen) });
    expect(answer).toMatchObject({ status: 200, body: { address: '127.0.0.1', chain: [] } });
    await api.get(`/tickets/${ticket}`).expect(200);
  });

  it('is not there for anybody else', async () => {
    const url = `${service.url}/api/v1/tickets`;
    const stranger = new Keyring('another key, which is as long as it has to be');
    for (const headers of [proved(seen, stranger), { [mirrorHeader]: 'x' }, { [mirrorHeader]: '' }])
      expectProblem(await send(url, { method: 'GET', headers }), 'credentials-missing');
  });

  it('takes a body without keeping it, and forgets one that broke off', async () => {
    const body = Buffer.alloc(300_000);
    const url = `${service.url}/api/v1/archives/doctor.bin`;
    const wish: Wish = { kind: 'body', waitMs: 0 };
    const whole = await send(url, { method: 'PUT', headers: proved(wish), body });
    expect(whole).toMatchObject({ status: 200, body: { address: '127.0.0.1' } });
    expect(storedFiles(service.place)).toEqual([]);
    // More than it looks at together.
    for (let at = 0; at < 40; at += 1) {
      const socket = await rawSocket(service.url);
      const header = `${mirrorHeader}: ${proved(wish)[mirrorHeader]}`;
      const rest = 'Host: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n';
      socket.write(`PUT /x HTTP/1.1\r\n${header}\r\n${rest}`);
      await socket.until(/100 Continue/);
      socket.reset();
    }
    await eventually(async () =>
      expect((await send(url, { method: 'PUT', headers: proved(wish) })).status).toBe(200),
    );
  });
});
