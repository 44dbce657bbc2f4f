import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The least that an upload can cost in Node: bare node:http, SHA-256, and the bytes thrown away. */
const server = createServer((req, res) => {
  const digest = createHash('sha256');
  req.on('data', (chunk: Buffer) => digest.update(chunk));
  req.on('end', () => res.writeHead(201).end(`${digest.digest('hex')}\n`));
});

server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
