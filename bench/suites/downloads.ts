import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBuilds, startReference } from '../contenders.js';
import { curl, writeSource } from '../client.js';
import { load, requestBytes } from '../load.js';
import { startNginx } from '../references/nginx.js';
import { GiB, MiB, round } from '../report.js';
import type { Findings } from '../report.js';
import { interleaved } from '../rounds.js';
import type { Contender } from '../rounds.js';

const ranges = 1000;
const rangeClients = 4;

/** One large archive, whole and in ranges of 1 MiB, against createReadStream and against sendfile. */
export const downloads = async (
  folder: string,
  rounds: number,
  bytes: number,
): Promise<Findings> => {
  const source = join(folder, 'stored.bin');
  writeSource(source, bytes);
  const services = await startBuilds(folder);
  const stream = await startReference('stream', folder);
  const nginx = await startNginx(join(folder, 'nginx'));
  try {
    if (nginx) copyFileSync(source, join(folder, 'nginx/files/stored.bin'));
    const archives = await Promise.all(
      services.map(async ({ suffix, service }) => {
        const proof = `Upload-Token: ${await service.token()}`;
        const answer = await curl('-H', proof, '-T', source, `${service.archives}/`);
        const { id } = JSON.parse(answer) as { id: string };
        const cookie = service.admin.cookieHeader;
        return {
          suffix,
          pid: service.pid,
          cookie,
          url: new URL(`${service.archives}/${id}/content`),
        };
      }),
    );
    const whole = (name: string, pid: number, url: URL, ...headers: string[]): Contender => ({
      name,
      pid,
      work: async () => {
        const got = await curl(...headers, '-o', '/dev/null', '-w', '%{size_download}', url.href);
        if (Number(got) !== bytes) throw new Error(`${name}: ${got} of ${bytes} bytes came`);
      },
    });
    /** The same places for everybody, all over the file. */
    const inRanges = (
      name: string,
      pid: number,
      url: URL,
      cookie: Record<string, string>,
    ): Contender => ({
      name,
      pid,
      work: async () => {
        let at = 0;
        await load(url, rangeClients, 206, () => {
          if (at === ranges) return null;
          const first = ((at++ * 7919) % Math.floor(bytes / MiB)) * MiB;
          return requestBytes('GET', url, {
            ...cookie,
            Range: `bytes=${first}-${first + MiB - 1}`,
          });
        });
      },
    });
    const files = nginx && new URL('stored.bin', nginx.url);
    const usages = await interleaved(rounds, [
      whole('whole: stream', stream.pid, new URL('stored.bin', stream.url)),
      ...archives.map(({ suffix, pid, url, cookie }) =>
        whole(`whole: ours${suffix}`, pid, url, '-H', cookie),
      ),
      ...(nginx && files ? [whole('whole: nginx', nginx.pid, files)] : []),
      ...archives.map(({ suffix, pid, url, cookie }) =>
        inRanges(`ranges: ours${suffix}`, pid, url, { Cookie: cookie.replace('Cookie: ', '') }),
      ),
      ...(nginx && files ? [inRanges('ranges: nginx', nginx.pid, files, {})] : []),
    ]);
    const of = (name: string) =>
      usages.get(name) ?? { processorSeconds: NaN, wallSeconds: NaN, peakBytes: NaN };
    const [streamed, delivered] = [of('whole: stream'), of('whole: ours')];
    return {
      title: `Download of ${round(bytes / GiB)} GiB, and ${ranges} ranges of 1 MiB by ${rangeClients} clients`,
      rows: [...usages].map(([name, usage]) => {
        const gib = name.startsWith('whole') ? bytes / GiB : (ranges * MiB) / GiB;
        return {
          what: name,
          'processor s/GiB': round(usage.processorSeconds / gib),
          'wall s/GiB': round(usage.wallSeconds / gib),
        };
      }),
      targets: [
        {
          what: 'whole, processor, times stream',
          reached: delivered.processorSeconds / streamed.processorSeconds,
          atMost: 0.45,
        },
        ...(nginx
          ? [
              {
                what: 'whole, wall, times nginx',
                reached: delivered.wallSeconds / of('whole: nginx').wallSeconds,
                atMost: 1.25,
              },
              {
                what: 'ranges a second, times nginx',
                reached: of('ranges: nginx').wallSeconds / of('ranges: ours').wallSeconds,
                atLeast: 0.9,
              },
            ]
          : []),
      ],
    };
  } finally {
    for (const { service } of services) await service.stop();
    stream.stop();
    nginx?.stop();
  }
};
