import { join } from 'node:path';
import { BenchedService, startReference } from '../contenders.js';
import { curl, writeSource } from '../client.js';
import { load, requestBytes, times } from '../load.js';
import { GiB, round } from '../report.js';
import type { Findings } from '../report.js';
import { interleaved } from '../rounds.js';
import type { Contender } from '../rounds.js';

const requests = 20_000;
const clients = 8;
const uploads = 8;
const busy = 'ours, while uploads run';
const busyRequests = requests / 4;

const uploadsUnderWay = async ({ admin }: BenchedService): Promise<number> =>
  (await admin.send<{ uploads: { items: unknown[] } }>('GET', '/overview')).uploads.items.length;

/** The health route against a bare one of Express, and the same while uploads keep the process busy. */
export const health = async (folder: string, rounds: number): Promise<Findings> => {
  const source = join(folder, 'source.bin');
  writeSource(source, GiB);
  const service = await BenchedService.start(join(folder, 'service'));
  const express = await startReference('express', join(folder, 'express'));
  try {
    const asked = (name: string, pid: number, url: URL, count: number): Contender => ({
      name,
      pid,
      work: () => load(url, clients, 200, times(count, requestBytes('GET', url))),
    });
    const live = new URL('/health/live', service.url);
    const proof = `Upload-Token: ${await service.token()}`;
    let goesOn = false;
    let streams: Promise<void>[] = [];
    const usages = await interleaved(rounds, [
      asked('express', express.pid, new URL(express.url), requests),
      asked('ours', service.pid, live, requests),
      {
        ...asked(busy, service.pid, live, busyRequests),
        prepare: async () => {
          goesOn = true;
          streams = Array.from({ length: uploads }, async () => {
            while (goesOn)
              await service.remove([await curl('-H', proof, '-T', source, `${service.archives}/`)]);
          });
          while ((await uploadsUnderWay(service)) < uploads);
        },
        clean: async () => {
          goesOn = false;
          await Promise.all(streams);
        },
      },
    ]);
    const rate = (name: string): number =>
      (name === busy ? busyRequests : requests) / (usages.get(name)?.wallSeconds ?? NaN);
    return {
      title: `Health, ${clients} clients`,
      rows: [...usages.keys()].map((name) => ({
        what: name,
        'a second': Math.round(rate(name)),
        'times express': round(rate(name) / rate('express')),
      })),
      targets: [
        { what: 'times express', reached: rate('ours') / rate('express'), atLeast: 0.8 },
        {
          what: `times express, while ${uploads} uploads run`,
          reached: rate(busy) / rate('express'),
          atLeast: 0.25,
        },
      ],
    };
  } finally {
    await service.stop();
    express.stop();
  }
};
