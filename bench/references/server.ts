import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import express from 'express';
import multer from 'multer';

/**
 * What the service is measured against; no part of it. `node server.js REFERENCE FOLDER` prints its port.
 * floor: hashes the body and throws it away, the least that an upload can cost in Node.
 * disk: the same, and written, synced and renamed.
 * multer: a form to the disk by bare Express with multer, neither hashed nor synced.
 * stream: a file by createReadStream, as it reads by itself.
 * express: a bare health route.
 */
export type Reference = 'floor' | 'disk' | 'multer' | 'stream' | 'express';

const batchBytes = 512 * 1024;

const floor: RequestListener = (req, res) => {
  const digest = createHash('sha256');
  req.on('data', (chunk: Buffer) => digest.update(chunk));
  req.on('end', () => res.writeHead(201).end(`${digest.digest('hex')}\n`));
};

const toDisk = async (folder: string, req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const digest = createHash('sha256');
  const path = join(folder, randomUUID());
  const file = await open(path, 'wx');
  let batch: Buffer[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const full = batch;
    batch = [];
    bytes = 0;
    await file.writev(full);
  };
  for await (const chunk of req as AsyncIterable<Buffer>) {
    digest.update(chunk);
    batch.push(chunk);
    bytes += chunk.length;
    if (bytes >= batchBytes) await flush();
  }
  if (bytes > 0) await flush();
  await file.sync();
  await file.close();
  await rename(path, `${path}.whole`);
  res.writeHead(201).end(`${digest.digest('hex')}\n`);
};

const listeners: Record<Reference, (folder: string) => RequestListener> = {
  floor: () => floor,
  disk: (folder) => (req, res) => {
    void toDisk(folder, req, res);
  },
  multer: (folder) =>
    express().post('/', multer({ dest: folder }).single('file'), (_req, res) => {
      res.status(201).json({ stored: true });
    }),
  stream: (folder) => (req, res) => {
    createReadStream(join(folder, basename(req.url ?? ''))).pipe(res);
  },
  express: () =>
    express().get('/', (_req, res) => {
      res.json({ status: 'ok' });
    }),
};

const [reference, folder = ''] = process.argv.slice(2) as [Reference, string?];
const server = createServer(listeners[reference](folder)).listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
