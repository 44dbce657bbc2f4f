import { readFileSync, renameSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { Job } from '../../src/jobs/job.entity.js';
import { sealingHeldUp } from '../support/audit-chain.js';
import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, send } from '../support/http.js';
import { deadJob, jobLeft } from '../support/jobs.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { storeFolder } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { upload } from '../support/upload.js';
import { uploadUnderWay } from '../support/upload-under-way.js';

const token = 'a-token.of_the~monitoring+0123/=';

let service: TestService;
beforeAll(async () => {
  service = await startedService({ METRICS_TOKEN: token });
});

const scrape = (of: TestService, headers: Record<string, string> = {}) =>
  send(`${of.url}/metrics`, { method: 'GET', headers });

/** Value of one series; null where it is not told. */
const figure = async (series: string): Promise<number | null> => {
  const { status, text } = await scrape(service, { Authorization: `Bearer ${token}` });
  expect(status).toBe(200);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
};

describe('the metrics', () => {
  it('are for whoever has the token', async () => {
    expectProblem(await scrape(service), 'credentials-missing');
    for (const wrong of ['Bearer guess', `Basic ${Buffer.from(`x:${token}`).toString('base64')}`])
      expectProblem(await scrape(service, { Authorization: wrong }), 'metrics-token-unknown');
    const { value } = await service.given.apiKey(['storage:read']);
    const answer = await scrape(service, { Authorization: `Bearer ${value}` });
    expectProblem(answer, 'metrics-token-unknown');
    const { headers } = await scrape(service, { Authorization: `Bearer ${token}` });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8; version=0.0.4');
    expect(headers['cache-control']).toContain('no-store');
  });

  it('are not there where no token was set', async () => {
    const without = await startedService();
    for (const headers of [{}, { Authorization: `Bearer ${token}` }])
      expectProblem(await scrape(without, headers), 'not-found');
  });

  it('begin at 0: the alert that compares failed with stored ones is silent without the latter', async () => {
    const fresh = await startedService({ METRICS_TOKEN: token });
    await upload(fresh.url, await fresh.given.uploadToken(), {
      way: 'put',
      bytes: Buffer.alloc(0),
    });
    const { text } = await scrape(fresh, { Authorization: `Bearer ${token}` });
    const lines = text.split('\n');
    for (const way of ['put', 'post', 'form', 'tus'])
      expect(lines).toContain(
        `logs_collector_uploads_total{way="${way}",outcome="stored",reason=""} 0`,
      );
    expect(lines).toContain('logs_collector_upload_attempts_total{way="tus"} 0');
    expect(lines).toContain(
      'logs_collector_uploads_total{way="put",outcome="failed",reason="file-empty"} 1',
    );
  });

  it('count uploads by way and outcome, with their bytes', async () => {
    const customer = await service.given.uploadToken({ attempts: 9 });
    const ended = (way: string, outcome: string, reason: string) =>
      figure(`logs_collector_uploads_total{way="${way}",outcome="${outcome}",reason="${reason}"}`);
    for (const way of ['put', 'post', 'form'] as const)
      expect(await upload(service.url, customer, { way, bytes: noise(1000) })).toMatchObject({
        status: 201,
      });
    const resumable = tus(service.url, customer);
    const path = await resumable.begun({ length: 4 });
    await resumable.patch(path, 0, 'four');
    await upload(service.url, customer, { way: 'put', bytes: Buffer.alloc(0) });
    for (const way of ['put', 'post', 'form', 'tus']) {
      expect(await ended(way, 'stored', '')).toBe(1);
      expect(await figure(`logs_collector_upload_attempts_total{way="${way}"}`)).toBeGreaterThan(0);
    }
    expect(await ended('put', 'failed', 'file-empty')).toBe(1);
    for (const ending of ['stored', 'failed'])
      expect(
        await figure(`logs_collector_upload_duration_seconds_count{way="put",outcome="${ending}"}`),
      ).toBe(1);
    expect(await figure('logs_collector_upload_bytes_total{way="form",outcome="stored"}')).toBe(
      1000,
    );
    expect(await figure('logs_collector_upload_bytes_total{way="tus",outcome="stored"}')).toBe(4);
    for (const step of ['storage', 'database'])
      expect(
        await figure(`logs_collector_archive_commit_duration_seconds_count{step="${step}"}`),
      ).toBe(4);
  });

  it('tell what is under way, and what the storage has', async () => {
    const running = await uploadUnderWay(service.url, await service.given.uploadToken());
    expect(await figure('logs_collector_uploads_under_way')).toBe(1);
    expect(await figure('logs_collector_uploads_unfinished')).toBe(1);
    await running.finish('and the last');
    expect(await figure('logs_collector_uploads_under_way')).toBe(0);
    expect(await figure('logs_collector_tombstones')).toBe(0);
    expect(await figure('logs_collector_storage_bytes{kind="free"}')).toBeGreaterThan(0);
    expect(await figure('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('tell how much of the audit waits to be sealed, and for how long', async () => {
    const waiting = () => figure('logs_collector_audit_unsealed');
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(await figure('logs_collector_audit_unsealed_seconds')).toBe(0);
    const release = await sealingHeldUp(service);
    await service.given.platform();
    expect(await waiting()).toBeGreaterThan(0);
    expect(await figure('logs_collector_audit_unsealed_seconds')).toBeGreaterThan(0);
    await release();
    await eventually(async () => expect(await waiting()).toBe(0));
  });

  it('tell how long the queue of jobs is, and for how long a job has been due', async () => {
    const dataSource = service.app.get(DataSource);
    const series = (state: string) => `logs_collector_jobs{kind="story",state="${state}"}`;
    const overdue = 'logs_collector_jobs_overdue_seconds{kind="story"}';
    const inAnHour = new Date(Date.now() + 3_600_000);
    await jobLeft(dataSource, { dueAt: inAnHour });
    await jobLeft(dataSource, { ...deadJob, dueAt: new Date(0) });
    for (const [state, count] of [
      ['waiting', 1],
      ['running', 0],
      ['dead', 1],
    ] as const)
      expect(await figure(series(state))).toBe(count);
    expect(await figure(overdue)).toBe(0);
    await jobLeft(dataSource, { dueAt: new Date(Date.now() - 60_000) });
    expect(await figure(series('waiting'))).toBe(2);
    const seconds = await figure(overdue);
    expect(seconds).toBeGreaterThanOrEqual(60);
    await dataSource.manager.deleteAll(Job);
    expect(await figure(overdue)).toBeNull();
  });

  it('are told as far as they can be while the storage is away', async () => {
    const folder = storeFolder(service.place);
    renameSync(folder, `${folder}-away`);
    try {
      expect(await figure('logs_collector_up{check="storage"}')).toBe(0);
      expect(await figure('logs_collector_up{check="database"}')).toBe(1);
      expect(await figure('logs_collector_probe_seconds{of="storage"}')).toBeNull();
      expect(await figure('logs_collector_probe_seconds{of="database"}')).not.toBeNull();
    } finally {
      renameSync(`${folder}-away`, folder);
    }
    expect(await figure('logs_collector_up{check="storage"}')).toBe(1);
  });

  it.each(['docs/monitoring/alerts.yaml', 'docs/monitoring/dashboard.json'])(
    'are what %s asks for',
    async (file) => {
      const { text } = await scrape(service, { Authorization: `Bearer ${token}` });
      const known = new Set(
        [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
          type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
        ),
      );
      const asked = [
        ...readFileSync(file, 'utf8').matchAll(/\b(?:logs_collector|process|nodejs)_\w+/g),
      ];
      expect(asked.length).toBeGreaterThan(5);
      expect(asked.map(([name]) => name).filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it('name no ticket, file or customer', async () => {
    const { number, token: customer } = await service.given.ticket({ ticket: 'CANARY-77' });
    await upload(service.url, customer, { way: 'put', name: 'canary-78.tgz', bytes: noise(10) });
    const { text } = await scrape(service, { Authorization: `Bearer ${token}` });
    for (const told of [number, 'canary-78', customer.value, service.place.dataDir])
      expect(text).not.toContain(told);
  });
});
