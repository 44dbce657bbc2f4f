import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startBuilds, startReference } from '../contenders.js';
import type { BenchedService } from '../contenders.js';
import { load, requestBytes } from '../load.js';
import { round } from '../report.js';
import type { Findings } from '../report.js';
import { interleaved } from '../rounds.js';
import type { Contender } from '../rounds.js';

const clients = 8;
const bytes = 10 * 1024;
/** Of each client in each round: as many as a token may have attempts at most. */
const each = 200;

/** Many small ones: each of ours is durable with its row when it is answered, the reference keeps no row and syncs nothing. */
export const smallUploads = async (folder: string, rounds: number): Promise<Findings> => {
  const services = await startBuilds(folder);
  const multer = await startReference('multer', join(folder, 'multer'));
  try {
    const file = randomBytes(bytes);
    const form = Buffer.concat([
      Buffer.from(
        '--bound\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n',
      ),
      file,
      Buffer.from('\r\n--bound--\r\n'),
    ]);
    const asForm = { 'Content-Type': 'multipart/form-data; boundary=bound' };
    const posted = requestBytes('POST', new URL(multer.url), asForm, form);
    /** Each client its own ticket, and a new one each round: the attempts are used up, and the archives have to go. */
    const ours = (
      name: string,
      requestWith: (service: BenchedService, token: string) => Buffer,
    ): Contender[] =>
      services.map(({ suffix, service }) => {
        let tickets: Awaited<ReturnType<BenchedService['ticket']>>[] = [];
        return {
          name: name + suffix,
          pid: service.pid,
          prepare: async () => {
            tickets = await Promise.all(Array.from({ length: clients }, () => service.ticket()));
          },
          work: () =>
            send(
              service.url,
              tickets.map(({ token }) => requestWith(service, token)),
            ),
          clean: () => service.removeTickets(tickets.map(({ number }) => number)),
        };
      });
    const send = async (url: string, requests: readonly Buffer[]): Promise<void> => {
      const left = requests.map(() => each);
      await load(new URL(url), clients, 201, (client) =>
        (left[client] = (left[client] ?? 0) - 1) >= 0 ? (requests[client] ?? null) : null,
      );
    };
    const usages = await interleaved(rounds, [
      ...ours('PUT', ({ archives }, token) =>
        requestBytes('PUT', new URL(`${archives}/a.bin`), { 'Upload-Token': token }, file),
      ),
      ...ours('form', ({ archives }, token) =>
        requestBytes('POST', new URL(archives), { 'Upload-Token': token, ...asForm }, form),
      ),
      {
        name: 'multer',
        pid: multer.pid,
        work: () => send(multer.url, Array<Buffer>(clients).fill(posted)),
        clean: multer.clean,
      },
    ]);
    const rate = (name: string): number =>
      (clients * each) / (usages.get(name)?.wallSeconds ?? NaN);
    return {
      title: `Uploads of ${bytes / 1024} KiB by ${clients} clients`,
      rows: [...usages].map(([name, { processorSeconds }]) => ({
        what: name,
        'a second': Math.round(rate(name)),
        'times multer': round(rate(name) / rate('multer')),
        'processor ms each': round((1000 * processorSeconds) / (clients * each)),
      })),
      targets: [
        {
          what: 'PUT, a second, times multer',
          reached: rate('PUT') / rate('multer'),
          atLeast: 0.5,
        },
      ],
    };
  } finally {
    for (const { service } of services) await service.stop();
    multer.stop();
  }
};
