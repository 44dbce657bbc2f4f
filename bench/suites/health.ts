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
    let goesOn = true;
    const busy = { ...asked('ours, while uploads run', service.pid, live, requests / 4) };
    const quiet = await interleaved(rounds, [
      asked('express', express.pid, new URL(express.url), requests),
      asked('ours', service.pid, live, requests),
    ]);
    const streams = Array.from({ length: uploads }, async () => {
      while (goesOn)
        await service.remove([await curl('-H', proof, '-T', source, `${service.archives}/`)]);
    });
    const loaded = await interleaved(rounds, [busy]);
    goesOn = false;
    await Promise.all(streams);
    const rate = (name: string): number =>
      (requests * (quiet.has(name) ? 1 : 0.25)) /
      ((quiet.get(name) ?? loaded.get(name))?.wallSeconds ?? NaN);
    return {
      title: `Health, ${clients} clients`,
      rows: ['express', 'ours', busy.name].map((name) => ({
        what: name,
        'a second': Math.round(rate(name)),
        'times express': round(rate(name) / rate('express')),
      })),
      targets: [
        { what: 'times express', reached: rate('ours') / rate('express'), atLeast: 0.8 },
        {
          what: `times express, while ${uploads} uploads run`,
          reached: rate(busy.name) / rate('express'),
          atLeast: 0.25,
        },
      ],
    };
  } finally {
    await service.stop();
    express.stop();
  }
};
