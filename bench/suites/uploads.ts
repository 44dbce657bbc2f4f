import { join } from 'node:path';
import { startBuilds, startReference } from '../contenders.js';
import type { BenchedService } from '../contenders.js';
import { curl, writeSource } from '../client.js';
import { startNginx } from '../references/nginx.js';
import { GiB, inMiB, round } from '../report.js';
import type { Findings } from '../report.js';
import { interleaved } from '../rounds.js';
import type { Contender } from '../rounds.js';
import { sendByTus } from '../tus.js';

/** Bytes of each tus request. */
const patchBytes = 64 * 1024 ** 2;

/** One upload of this many bytes, in every way, against hashing alone and against nginx with the same promises. */
export const uploads = async (folder: string, rounds: number, bytes: number): Promise<Findings> => {
  const source = join(folder, 'source.bin');
  writeSource(source, bytes);
  const services = await startBuilds(folder);
  const floor = await startReference('floor', join(folder, 'floor'));
  const disk = await startReference('disk', join(folder, 'disk'));
  const multer = await startReference('multer', join(folder, 'multer'));
  const nginx = await startNginx(join(folder, 'nginx'));
  try {
    const stored: string[] = [];
    const ours = async (
      name: string,
      send: (service: BenchedService, proof: string) => Promise<string>,
    ): Promise<Contender[]> =>
      Promise.all(
        services.map(async ({ suffix, service }) => {
          const proof = `Upload-Token: ${await service.token()}`;
          return {
            name: name + suffix,
            pid: service.pid,
            work: async () => stored.push(await send(service, proof)),
            clean: () => service.remove(stored.splice(0)),
          };
        }),
      );
    const contenders: Contender[] = [
      {
        name: 'floor',
        pid: floor.pid,
        work: () => curl('-T', source, floor.url),
      },
      ...(await ours('PUT', ({ archives }, proof) =>
        curl('-H', proof, '-T', source, `${archives}/`),
      )),
      { ...disk, name: 'disk floor', work: () => curl('-T', source, disk.url) },
      ...(await ours('form', ({ archives }, proof) =>
        curl('-H', proof, '-F', `file=@${source}`, archives),
      )),
      {
        ...multer,
        name: 'multer',
        work: () => curl('-F', `file=@${source}`, multer.url),
      },
      ...(await ours('tus', ({ url }, proof) => sendByTus(url, proof, source, bytes, patchBytes))),
      ...(nginx ? [{ ...nginx, name: 'nginx', work: () => nginx.put(source) }] : []),
    ];
    const usages = await interleaved(rounds, contenders);
    const [cost, wall] = [
      (name: string) => usages.get(name)?.processorSeconds ?? NaN,
      (name: string) => usages.get(name)?.wallSeconds ?? NaN,
    ];
    const gib = bytes / GiB;
    return {
      title: `One upload of ${round(gib)} GiB`,
      rows: [...usages].map(([name, usage]) => ({
        what: name,
        'processor s/GiB': round(usage.processorSeconds / gib),
        'times floor': round(usage.processorSeconds / cost('floor')),
        'wall s/GiB': round(usage.wallSeconds / gib),
        'times nginx': nginx ? round(usage.wallSeconds / wall('nginx')) : '',
        'peak MiB': inMiB(usage.peakBytes),
      })),
      targets: [
        { what: 'PUT, processor, times floor', reached: cost('PUT') / cost('floor'), atMost: 1.35 },
        {
          what: 'form, processor, times floor',
          reached: cost('form') / cost('floor'),
          atMost: 1.55,
        },
        { what: 'tus, processor, times floor', reached: cost('tus') / cost('floor'), atMost: 1.6 },
        ...(nginx
          ? [
              {
                what: 'PUT, wall, times nginx',
                reached: wall('PUT') / wall('nginx'),
                atMost: 1.15,
              },
              {
                what: 'form, wall, times nginx',
                reached: wall('form') / wall('nginx'),
                atMost: 1.3,
              },
            ]
          : []),
      ],
    };
  } finally {
    for (const { service } of services) await service.stop();
    for (const reference of [floor, disk, multer, nginx]) reference?.stop();
  }
};
