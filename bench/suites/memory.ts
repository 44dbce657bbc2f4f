import { join } from 'node:path';
import { BenchedService, builds } from '../contenders.js';
import { curl, writeSource } from '../client.js';
import { usageDuring, residentBytes } from '../process-usage.js';
import { GiB, MiB, inMiB } from '../report.js';
import type { Findings } from '../report.js';

const clients = 8;

/**
 * Resident memory of a service that has just been started on its database, while it takes uploads: the kernel's own peak.
 * @param largest bytes of the largest upload; of a hole, which takes no room where it comes from
 */
export const memory = async (folder: string, largest: number): Promise<Findings> => {
  const works: readonly [what: string, bytes: number, uploads: number][] = [
    ['one of 1 GiB', GiB, 1],
    [`one of ${largest / GiB} GiB`, largest, 1],
    [`${clients} of 128 MiB at once`, 128 * MiB, clients],
  ];
  const peaks: { readonly what: string; readonly idle: number; readonly peak: number }[] = [];
  // This build first, and then the baseline where there is one.
  const looks = builds.flatMap((of) => works.map((work) => ({ work, ...of })));
  for (const { work, suffix, build } of looks) {
    const [what, bytes, uploads] = work;
    const own = join(folder, String(peaks.length));
    const source = join(folder, 'source.bin');
    const service = await BenchedService.startAgain(own, build);
    try {
      writeSource(source, bytes);
      const proof = `Upload-Token: ${await service.token()}`;
      const idle = residentBytes(service.pid);
      let stored: string[] = [];
      const usage = await usageDuring(service.pid, async () => {
        stored = await Promise.all(
          Array.from({ length: uploads }, () =>
            curl('-H', proof, '-T', source, `${service.archives}/`),
          ),
        );
      });
      peaks.push({ what: what + suffix, idle: inMiB(idle), peak: inMiB(usage.peakBytes) });
      await service.remove(stored);
    } finally {
      await service.stop();
    }
  }
  const ours = peaks.slice(0, works.length);
  const [one, large, many] = ours.map(({ peak }) => peak) as [number, number, number];
  return {
    title: 'Resident memory, MiB',
    rows: peaks,
    targets: [
      {
        what: 'idle',
        reached: Math.max(...ours.map(({ idle }) => idle)),
        atMost: 115,
        unit: ' MiB',
      },
      { what: 'one upload of any size', reached: Math.max(one, large), atMost: 150, unit: ' MiB' },
      {
        what: `growth from 1 to ${largest / GiB} GiB`,
        reached: large - one,
        atMost: 15,
        unit: ' MiB',
      },
      { what: `${clients} at once`, reached: many, atMost: 230, unit: ' MiB' },
    ],
  };
};
