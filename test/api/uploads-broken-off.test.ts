import { DataSource } from 'typeorm';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import { AdmissionService } from '../../src/uploads/intake/admission.service.js';
import { noise, seeded } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import { rawSocket } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { openStoreFiles, storedFiles } from '../support/store-files.js';
import { tokenState } from '../support/upload-under-way.js';
import { boundary, upload } from '../support/upload.js';

const size = 300_000;
let service: TestService;
beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '1000', MAX_UPLOADS: '40' });
});

/** Everything that an upload holds while it runs. */
const held = async () => ({
  files: storedFiles(service.place),
  open: openStoreFiles(service.place),
  rows: await service.app.get(DataSource).manager.count(Upload),
});
const nothing = { files: [], open: [], rows: 0 };

const formBody = (fields: string): Buffer =>
  Buffer.concat([
    Buffer.from(fields),
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n`,
    ),
    noise(size),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
const form = `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n`;
const put = 'PUT /api/v1/archives/a.log HTTP/1.1\r\nHost: x\r\n';
const tokenField = (value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\n${value}\r\n`;

const withLength = (head: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
const chunked = (head: string, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);

type Message = (value: string) => Buffer;
const messages: [string, Message][] = [
  ['a PUT of known length', (value) => withLength(`${put}Upload-Token: ${value}\r\n`, noise(size))],
  ['a chunked PUT', (value) => chunked(`${put}Upload-Token: ${value}\r\n`, noise(size))],
  ['a form', (value) => withLength(`${form}Upload-Token: ${value}\r\n`, formBody(''))],
  ['a chunked form', (value) => chunked(`${form}Upload-Token: ${value}\r\n`, formBody(''))],
  ['a form with its token in a field', (value) => withLength(form, formBody(tokenField(value)))],
];

describe.each(messages)('%s', (name, messageOf) => {
  it('that breaks off at any byte leaves nothing behind and costs nothing', async () => {
    const seed = 20_261_120 + name.length;
    const random = seeded(seed);
    const token = await service.given.uploadToken({ attempts: 100 });
    const message = messageOf(token.value);
    const begin = message.indexOf('\r\n\r\n') + 4;
    const last = message.length - 200;
    // Some break within the head of the form, where its file is just being opened, others anywhere.
    const places = Array.from({ length: 36 }, (_, at) =>
      at % 3 === 0 ? begin + random(600) : begin + random(last - begin),
    );
    await Promise.all(
      places.map(async (place, at) => {
        const socket = await rawSocket(service.url);
        socket.write(message.subarray(0, place));
        // Before, while or after the service has got this far.
        for (let turns = random(12); turns > 0; turns -= 1) await new Promise(setImmediate);
        if (at % 2 === 0) socket.reset();
        else socket.end();
        await socket.closed();
      }),
    );
    await eventually(async () => {
      expect({ seed, ...(await held()) }).toEqual({ seed, ...nothing });
      expect(await tokenState(service.url, token)).toMatchObject({
        attemptsLeft: 100,
        state: 'active',
      });
    });
    // None of them still counts as one of MAX_UPLOADS.
    await service.app.get(AdmissionService).whenIdle();
  });
});

it('lets the next upload come as if nothing had been', async () => {
  const token = await service.given.uploadToken({ attempts: 1 });
  const socket = await rawSocket(service.url);
  socket.write(`${put}Upload-Token: ${token.value}\r\nContent-Length: 100\r\n\r\nfifty`);
  await eventually(async () =>
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 }),
  );
  socket.reset();
  const stored = await eventually(async () => {
    const answer = await upload(service.url, token, { way: 'put' });
    expect(answer).toMatchObject({ status: 201, body: { attemptsLeft: 0 } });
    return String(answer.body.id);
  });
  const { api } = await service.given.admin();
  await api.delete(`/archives/${stored}`).expect(204);
  expect(await held()).toEqual(nothing);
});

it('tells in the audit that uploads failed and why, without naming the token', async () => {
  const token = await service.given.uploadToken();
  const socket = await rawSocket(service.url);
  socket.write(`${put}Upload-Token: ${token.value}\r\nContent-Length: 100\r\n\r\nfifty`);
  await eventually(async () =>
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 4 }),
  );
  socket.reset();
  const { api } = await service.given.admin();
  await eventually(async () => {
    const { body } = await api.get(
      `/audit-events?action=archive.upload-failed&subject=${token.id}`,
    );
    expect(body).toMatchObject({ items: [{ actor: { kind: 'customer' } }] });
  });
  expect(service.log.text).not.toContain(token.value);
});
