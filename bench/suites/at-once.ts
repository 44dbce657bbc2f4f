import { join } from 'node:path';
import { BenchedService, startReference } from '../contenders.js';
import { curl, writeSource } from '../client.js';
import { MiB, inMiB, round } from '../report.js';
import type { Findings } from '../report.js';
import { interleaved } from '../rounds.js';

const clients = 8;
const bytes = 128 * MiB;

/** Eight uploads at once, against eight that are hashed, written, synced and renamed by bare node:http. */
export const atOnce = async (folder: string, rounds: number): Promise<Findings> => {
  const source = join(folder, 'source.bin');
  writeSource(source, bytes);
  const service = await BenchedService.start(join(folder, 'service'));
  const disk = await startReference('disk', join(folder, 'disk'));
  try {
    const proof = `Upload-Token: ${await service.token()}`;
    const together = (send: () => Promise<string>): Promise<string[]> =>
      Promise.all(Array.from({ length: clients }, send));
    let stored: string[] = [];
    const usages = await interleaved(rounds, [
      {
        ...disk,
        name: 'disk floor',
        work: () => together(() => curl('-T', source, disk.url)),
      },
      {
        name: 'PUT',
        pid: service.pid,
        work: async () => {
          stored = await together(() => curl('-H', proof, '-T', source, `${service.archives}/`));
        },
        clean: () => service.remove(stored.splice(0)),
      },
    ]);
    const gib = (clients * bytes) / 1024 ** 3;
    const wall = (name: string): number => usages.get(name)?.wallSeconds ?? NaN;
    return {
      title: `${clients} uploads of ${inMiB(bytes)} MiB at once`,
      rows: [...usages].map(([name, usage]) => ({
        what: name,
        'processor s/GiB': round(usage.processorSeconds / gib),
        'wall s': round(usage.wallSeconds),
        'times disk floor': round(usage.wallSeconds / wall('disk floor')),
        'peak MiB': inMiB(usage.peakBytes),
      })),
      targets: [
        { what: 'wall, times disk floor', reached: wall('PUT') / wall('disk floor'), atMost: 1.3 },
      ],
    };
  } finally {
    await service.stop();
    disk.stop();
  }
};
