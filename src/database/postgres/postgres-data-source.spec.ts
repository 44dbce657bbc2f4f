import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { openPostgres } from './postgres-data-source.js';

/** PostgreSQL's message format: type, length including itself, content. */
const message = (type: string, content: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + content.length);
  return Buffer.concat([Buffer.from(type), length, content]);
};

const authenticationOk = message('R', Buffer.alloc(4));
const readyForQuery = message('Z', Buffer.from('I'));
const adminShutdown = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

/** A server in a fast shutdown: it ends each connection with 57P01 in the packet that says it is ready. */
const endingServer = async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end(Buffer.concat([authenticationOk, readyForQuery, adminShutdown])),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `postgres://nobody@127.0.0.1:${port}/none`, close: () => server.close() };
};

describe('a connection that PostgreSQL ends as soon as it is ready', () => {
  it('fails whoever wanted it, and raises no error without a listener', async () => {
    const server = await endingServer();
    try {
      await expect(openPostgres(server.url, 2, { entities: [], migrations: [] })).rejects.toThrow(
        /connection/i,
      );
    } finally {
      server.close();
    }
  });
});
