import { rename } from 'node:fs/promises';
import { isSqlite } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { databaseGone } from '../support/outage.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder } from '../support/store-files.js';
import { uploadUnderWay } from '../support/upload-under-way.js';
import { version } from '../../src/version.js';

const get = ({ url }: Pick<TestService, 'url'>, path: string) =>
  send(url + path, { method: 'GET' });

const up = { database: 'up', storage: 'up', freeSpace: 'up', accepting: 'up' };

/** Ready says no because of this one part, in its own words and no others; live goes on saying yes. */
const expectDown = async (service: TestService, part: keyof typeof up): Promise<void> => {
  for (const path of ['/health/ready', '/api/v1/health']) {
    const { status, body, text } = await get(service, path);
    expect({ status, body }).toEqual({
      status: 503,
      body: { status: 'error', checks: { ...up, [part]: 'down' } },
    });
    expect(text).not.toMatch(/error"?:|\/tmp|ECONN|SQLITE|message/i);
  }
  expect(await get(service, '/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
};

it('a service that can do its work says so, on both addresses, and nothing else', async () => {
  const service = await startedService();
  for (const path of ['/health/ready', '/api/v1/health']) {
    const { status, body, text } = await get(service, path);
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok', checks: up } });
    expect(text).not.toContain(version);
    expect(text).not.toContain(service.place.dataDir);
  }
  const live = await get(service, '/health/live');
  expect(live).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(Object.keys(live.body as object)).toEqual(['status']);
});

it('a probe may ask with HEAD, and asks before anybody signed in', async () => {
  const service = await startedService();
  for (const path of ['/health/live', '/health/ready', '/api/v1/health']) {
    const answer = await send(service.url + path, { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, text: '' });
  }
});

describe('a service that is not ready', () => {
  it('without its database says so, refuses its clients for a while, and lives', async () => {
    const service = await startedService();
    const { api } = await service.given.admin();
    const token = await service.given.uploadToken();
    const back = await databaseGone(service);
    await expectDown(service, 'database');
    for (const attempt of [
      api.get('/tickets'),
      api.post('/auth/login').send({ username: 'root', password: 'x' }),
      service.given.stranger().get('/upload-token').set('Upload-Token', token.value),
    ]) {
      const answer = await attempt;
      expectProblem(answer, 'database-unavailable');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    if (isSqlite) return;
    await back();
    await eventually(async () =>
      expect(await get(service, '/health/ready')).toMatchObject({ status: 200 }),
    );
    await api.get('/tickets').expect(200);
  });

  it('without its storage says so, and is ready again once that is back', async () => {
    const service = await startedService();
    const { api } = await service.given.admin();
    const folder = storeFolder(service.place);
    await rename(folder, `${folder}-unmounted`);
    await expectDown(service, 'storage');
    await api.get('/tickets').expect(200);
    await rename(`${folder}-unmounted`, folder);
    await eventually(async () =>
      expect(await get(service, '/health/ready')).toMatchObject({ status: 200 }),
    );
  });

  it('without free space says so', async () => {
    await expectDown(await startedService({ MIN_FREE_BYTES: String(2 ** 52) }), 'freeSpace');
  });

  it('while it drains says so, takes no new upload, and finishes those under way', async () => {
    const service = await startedService({ SHUTDOWN_GRACE: '20' });
    const { api } = await service.given.admin();
    const [one, other] = [await service.given.uploadToken(), await service.given.uploadToken()];
    const underWay = await uploadUnderWay(service.url, one);
    const stopped = service.stop();
    await expectDown(service, 'accepting');
    const late = await service.given
      .stranger()
      .put('/archives/late.tgz')
      .set('Upload-Token', other.value)
      .send('logs');
    expectProblem(late, 'shutting-down');
    await api.get('/tickets').expect(200);
    expect(await underWay.finish()).toMatchObject({ status: 201 });
    await stopped;
    await expect(get(service, '/health/live')).rejects.toThrow(/ECONNREFUSED/);
  });
});
