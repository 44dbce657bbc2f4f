import { randomBytes } from 'node:crypto';
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
