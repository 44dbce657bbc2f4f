import { join } from 'node:path';
import { BenchedService, startReference } from '../contenders.js';
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
  const service = await BenchedService.start(join(folder, 'service'));
  const floor = await startReference('floor', join(folder, 'floor'));
  const disk = await startReference('disk', join(folder, 'disk'));
  const multer = await startReference('multer', join(folder, 'multer'));
  const nginx = await startNginx(join(folder, 'nginx'));
  try {
    const proof = `Upload-Token: ${await service.token()}`;
    const stored: string[] = [];
    const ours = (name: string, send: () => Promise<string>): Contender => ({
      name,
      pid: service.pid,
      work: async () => stored.push(await send()),
      clean: () => service.remove(stored.splice(0)),
    });
    const contenders: Contender[] = [
      {
        name: 'floor',
        pid: floor.pid,
        work: () => curl('-T', source, floor.url),
      },
      ours('PUT', () => curl('-H', proof, '-T', source, `${service.archives}/`)),
      { ...disk, name: 'disk floor', work: () => curl('-T', source, disk.url) },
      ours('form', () => curl('-H', proof, '-F', `file=@${source}`, service.archives)),
      {
        ...multer,
        name: 'multer',
        work: () => curl('-F', `file=@${source}`, multer.url),
      },
      ours('tus', () => sendByTus(service.url, proof, source, bytes, patchBytes)),
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
    await service.stop();
    for (const reference of [floor, disk, multer, nginx]) reference?.stop();
  }
};
