import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { rawSocket } from '../../test/support/http.js';
import { closeUnread } from './closing.js';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

let server: Server;

const served = async (handler: Handler): Promise<string> => {
  server = createServer((req, res) =>
    closeUnread(req as Request, res as Response, () => handler(req, res)),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const refuse: Handler = (_req, res) => {
  res.writeHead(413).end('too large');
};

const megabyte = Buffer.alloc(1024 ** 2);

describe('an answer given before the whole body came', () => {
  it('arrives whole at a client that still sends, and closes the connection', async () => {
    const socket = await rawSocket(await served(refuse));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n');
    for (let times = 0; times < 3; times += 1) socket.write(megabyte);
    const answer = await socket.closed();
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('too large');
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it('ends at once with a body that is small and chunked', async () => {
    const socket = await rawSocket(await served(refuse));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await socket.until(/too large/);
    socket.write('0\r\n\r\n');
    expect(await socket.closed()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('lets go of a client that neither sends nor leaves', async () => {
    const socket = await rawSocket(await served(refuse));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
    await socket.closed();
    while (await connections()) await new Promise((later) => setTimeout(later, 50));
    expect(await connections()).toBe(0);
  });
});

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((cause, count) => (cause ? reject(cause) : resolve(count)));
  });

describe('an answer given after the whole body came', () => {
  it('keeps the connection, for requests with and without a body', async () => {
    const url = await served((req, res) => {
      req.resume().once('end', () => res.writeHead(200, { 'Content-Length': 2 }).end('ok'));
    });
    const socket = await rawSocket(url);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
    await socket.until(/ok$/);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answers = await socket.until(/ok[^]*ok$/);
    expect(answers).not.toMatch(/connection: close/i);
    socket.reset();
  });
});
