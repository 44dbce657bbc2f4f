import { noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { rawSocket } from '../support/http.js';
import type { RawSocket } from '../support/http.js';
import { replicaProcesses } from '../support/replica-processes.js';
import type { Replicas } from '../support/replica-processes.js';
import { partialSize } from '../support/store-files.js';
import { archiveOf, bytesType, idOf, tus, uploadWithTusClient } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const bytes = noise(100_000);
const half = bytes.length / 2;

let replicas: Replicas;
beforeAll(async () => {
  replicas = await replicaProcesses();
});

interface Hanging {
  readonly token: IssuedToken;
  readonly path: string;
  readonly socket: RawSocket;
}

/** A request to the first replica that brought half of its bytes, and then its line went dead. */
const hanging = async (): Promise<Hanging> => {
  const { all, given, place } = replicas;
  const [{ url }] = all;
  const token = await given.uploadToken({ attempts: 1 });
  const path = await tus(url, token).begun({ length: bytes.length });
  const socket = await rawSocket(url);
  const head = [
    `PATCH ${path} HTTP/1.1`,
    'Host: localhost',
    'Tus-Resumable: 1.0.0',
    `Upload-Token: ${token.value}`,
    `Content-Type: ${bytesType}`,
    'Upload-Offset: 0',
    `Content-Length: ${bytes.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(bytes.subarray(0, half));
  await eventually(() => expect(partialSize(place, idOf(path))).toBe(half));
  return { token, path, socket };
};

const takenOver = /^HTTP\/1\.1 423 .*ended this one.*"code":"upload-busy"/s;

it('a client whose request hangs at one replica goes on at another', async () => {
  const { token, path, socket } = await hanging();
  const [, { url }] = replicas.all;
  const sent = await uploadWithTusClient(url, token, bytes, {
    uploadUrl: url + path,
    // Its defaults.
    retryDelays: [0, 1000, 3000, 5000],
  });
  expect(sent.requests).toEqual(['HEAD 200', 'PATCH 204']);
  expect(sent.archiveId).toBe(idOf(path));
  await socket.until(takenOver);
});

it('a client whose request hangs at one replica ends the upload at another', async () => {
  const { token, path, socket } = await hanging();
  const [, , { url }] = replicas.all;
  expect(await tus(url, token).remove(path)).toMatchObject({ status: 204 });
  expect(await tokenState(url, token)).toMatchObject({ attemptsLeft: 1 });
  await socket.until(takenOver);
});

it('nobody else ends a request that way', async () => {
  const [slow, dead, other] = [
    await hanging(),
    await hanging(),
    await replicas.given.uploadToken(),
  ] as const;
  const [{ url: at }, { url }] = replicas.all;
  expect(await tus(url, other).head(slow.path)).toMatchObject({ status: 404 });
  expect(await tus(url, other).remove(slow.path)).toMatchObject({ status: 404 });
  // By now its replica has looked.
  expect(await tus(url, dead.token).offset(dead.path)).toBe(half);
  await dead.socket.until(takenOver);
  slow.socket.write(bytes.subarray(half));
  await slow.socket.until(/^HTTP\/1\.1 204 /);
  archiveOf(await tus(at, slow.token).head(slow.path));
});
