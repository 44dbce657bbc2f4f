import { randomBytes } from 'node:crypto';
import { uploadUnderWay } from '../../support/upload-under-way.js';
import { upload } from '../../support/upload.js';
import type { Desk } from './story.js';

const notes = [
  'Restore fails after the update to 12.4: "checksum mismatch in catalogue"',
  'Nightly job hangs at 98 %, customer restarted the agent twice',
  'Резервное копирование останавливается на третьем томе',
  'Dashboard shows no data since Tuesday; see also the thread in the partner forum',
  '',
  'Licence server unreachable from the second site',
  'High memory use of the proxy while it merges increments',
  'Повторяющиеся ошибки VSS на файловом сервере, клиент прислал снимки экрана',
];

const archives = [
  'diagnostics-2026-11-20.tgz',
  'agent-logs.zip',
  'журналы сервера.7z',
  'support-bundle-node-3.tar.gz',
];

/** A desk as it looks after some days of work. */
export const workedAt = async ({ given }: Desk): Promise<void> => {
  const { api } = await given.admin();
  for (const [name, title] of [
    ['backup-server', 'Backup Server'],
    ['cloud-gateway', 'Cloud Gateway'],
    ['mail-archive', 'Mail Archive'],
  ] as const)
    await api.post('/platforms').send({ name, title }).expect(201);
  const platforms = ['backup-server', 'cloud-gateway', 'mail-archive'];
  for (const [index, note] of notes.entries()) {
    const ticket = `SUP-${48_201 + index * 7}`;
    const platform = platforms[index % 3] ?? '';
    const { number, token } = await given.ticket({ ticket, platform, note, attempts: 5 });
    for (const name of archives.slice(0, (index * 3) % 5))
      await given.archive({ name, bytes: randomBytes(20_000 + 90_000 * index), way: 'put' }, token);
    if (index % 3 === 1) await api.patch(`/tickets/${number}`).send({ resolved: true }).expect(200);
  }
};

/** A second token of a ticket, by which not all that was tried arrived, and one upload is under way. */
export const troubled = async ({ given, url }: Desk, ticket: string): Promise<void> => {
  const token = await given.uploadToken({ ticket, attempts: 3 });
  await given.archive({ name: 'db-server.tar.gz', bytes: randomBytes(400_000), way: 'put' }, token);
  await upload(url, token, { name: 'empty.log', bytes: '', way: 'put' });
  const digest = `sha-256=:${randomBytes(32).toString('base64')}:`;
  await upload(url, token, { name: 'proxy.zip', way: 'post', headers: { 'Repr-Digest': digest } });
  const large = { way: 'put', headers: { 'Content-Length': 300_000_000 } } as const;
  await uploadUnderWay(url, token, { ...large, name: 'трассировка.7z' }, Buffer.alloc(90_000_000));
  const first = Buffer.alloc(12_000_000);
  const broken = await uploadUnderWay(url, token, { ...large, name: 'dump.bin' }, first);
  broken.breakOff();
  await broken.answer.catch(() => undefined);
};

/** Platforms with limits of their own, colleagues, and programs with keys. */
export const administered = async (desk: Desk): Promise<void> => {
  await workedAt(desk);
  const { given } = desk;
  const { api } = await given.admin();
  const day = 86_400;
  const limits = { maxUploadBytes: 20e9, quotaBytes: 2e12, tokenLifetime: 14 * day };
  await api
    .patch('/platforms/backup-server')
    .send({ ...limits, tokenAttempts: 10, retentionDays: 180 })
    .expect(200);
  await api.patch('/platforms/mail-archive').send({ maxUploadBytes: 500e6 }).expect(200);
  await given.user('engineer', 'maria');
  await given.user('admin', 'o.petrov');
  const { id } = await given.user('engineer', 'temp.worker@partner.example');
  await api.patch(`/users/${id}`).send({ disabled: true }).expect(200);
  const password = 'a long and unusual pass phrase 7';
  await api.post('/users').send({ username: 'Юлия', password, role: 'engineer' }).expect(201);
  await given.apiKey(['archives:read', 'archives:delete'], { name: 'nightly clean-up' });
  const expiresAt = new Date(Date.now() + 200 * day * 1000).toISOString();
  const scopes = ['platforms:read', 'tickets:read', 'tickets:write'] as const;
  const helpDesk = await given.apiKey(scopes, { name: 'help desk', expiresAt });
  await helpDesk.api.get('/platforms').expect(200);
};
