import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { Response } from 'express';
import { EventStream, eventText } from './event-stream.js';

/** A stream to a client that reads when it is told to. */
const begun = async () => {
  let ends = 0;
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  client.setEncoding('utf8').on('data', (more: string) => (text += more));
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [, res] = (await once(server, 'request')) as [unknown, Response];
  const stream = new EventStream(res, () => (ends += 1));
  return {
    stream,
    res,
    client,
    text: () => text,
    ends: () => ends,
    over: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

it('keeps for a client that does not read the newest event alone, and gives it that', async () => {
  const { stream, res, client, text, over } = await begun();
  client.pause();
  const padding = 'x'.repeat(100_000);
  const offered = 500;
  for (let count = 1; count <= offered; count += 1) {
    stream.offer(eventText('state', JSON.stringify({ count, padding }), count));
    // Lets the system's own buffers take what they can.
    await new Promise(setImmediate);
  }
  expect(res.writableNeedDrain).toBe(true);
  // What is held for it does not grow with what was offered.
  expect(res.writableLength).toBeLessThan(3 * padding.length);
  const drained = once(res, 'drain');
  client.resume();
  await drained;
  stream.end(eventText('ended', '{}'));
  await once(client, 'end');
  const ids = [...text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids.at(-1)).toBe(offered);
  expect(ids.length).toBeLessThan(offered);
  expect(text()).toMatch(/event: ended\ndata: \{\}\n\n/);
  await over();
});

it('ends a client that reads nothing at once, and tells of it once', async () => {
  const { stream, res, client, ends, over } = await begun();
  client.pause();
  const big = eventText('state', JSON.stringify('x'.repeat(10_000_000)));
  stream.offer(big);
  stream.offer(big);
  expect(res.writableNeedDrain).toBe(true);
  const closed = once(res, 'close');
  stream.end();
  stream.end();
  stream.offer(big);
  await closed;
  expect(ends()).toBe(1);
  await over();
});

it('notices that the client has gone', async () => {
  const { stream, res, client, ends, over } = await begun();
  stream.offer(eventText('state', '1'));
  const closed = once(res, 'close');
  client.destroy();
  await closed;
  stream.offer(eventText('state', '2'));
  expect(ends()).toBe(1);
  await over();
});
