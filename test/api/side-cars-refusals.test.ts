import { DataSource } from 'typeorm';
import { Upload } from '../../src/uploads/records/upload.entity.js';
import { DigestClaim } from '../../src/uploads/side-cars/digest-claim.entity.js';
import { SideCarsService } from '../../src/uploads/side-cars/side-cars.service.js';
import type { ErrorCode } from '../../src/errors/catalogue.js';
import { Draining } from '../../src/http/draining.js';
import { digestOf, md5Of, noise } from '../support/bytes.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken, Person } from '../support/given.js';
import { expectProblem, rawSocket } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { pendingClaims, sendSideCar, sideCarWays } from '../support/side-cars.js';
import type { SideCarSending } from '../support/side-cars.js';
import { storedFiles } from '../support/store-files.js';
import { tokenState, uploadUnderWay } from '../support/upload-under-way.js';
import { boundary, upload } from '../support/upload.js';

let service: TestService;
let person: Person;
beforeAll(async () => {
  service = await startedService({ TOKEN_MAX_FAILURES: '4' });
  person = await service.given.admin();
});

const sideCar = (token: IssuedToken | null, sending: SideCarSending = {}) =>
  sendSideCar(service.url, token, sending);

const md5 = md5Of('some logs');

describe.each(sideCarWays)('a side-car by %s', (way) => {
  const unreadable: [string, string][] = [
    ['without a digest', 'no digest at all'],
    ['with a digest of another kind', `${'a'.repeat(64)}\n`],
    ['with nothing in it', ''],
    ['of more than 4 KiB', `${md5}\n${'\n'.repeat(4096)}`],
  ];
  it.each(unreadable)('%s is refused, counts as a failure and is no archive', async (_, text) => {
    const token = await service.given.uploadToken({ attempts: 2 });
    const before = storedFiles(service.place);
    for (let times = 0; times < 4; times += 1) {
      const problem = expectProblem(await sideCar(token, { way, text }), 'validation-failed');
      expect(problem.detail).toMatch(/x\.md5 is read as the checksum of x.* holds no MD5/);
      expect(problem.errors).toMatchObject([{ field: 'file' }]);
    }
    expectProblem(await sideCar(token, { way }), 'token-locked');
    expect(await tokenState(service.url, token)).toMatchObject({
      state: 'locked',
      attemptsLeft: 2,
    });
    expect(storedFiles(service.place)).toEqual(before);
    expect(await pendingClaims(service, token)).toEqual([]);
    const { body } = await person.api.get(`/archives?ticket=${token.ticket}`).expect(200);
    expect(body).toMatchObject({ items: [] });
    const events = await person.api.get(`/audit-events?subject=${token.id}&limit=4`).expect(200);
    expect(events.body).toMatchObject({
      items: Array(4).fill({
        action: 'archive.upload-failed',
        details: { reason: 'validation-failed' },
      }) as unknown[],
    });
  });

  it('that came broken is refused by its own digest', async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Content-Digest': digestOf('something else') };
    expectProblem(await sideCar(token, { way, headers }), 'digest-mismatch');
    expect(await pendingClaims(service, token)).toEqual([]);
    const text = `${md5}\n`;
    const right = { 'Content-Digest': digestOf(text) };
    expect(await sideCar(token, { way, text, headers: right })).toMatchObject({ status: 201 });
  });

  it('that is taken is no failure, however often it comes', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    for (let times = 0; times < 8; times += 1)
      expect(await sideCar(token, { way })).toMatchObject({ body: { state: 'pending' } });
    expect(await tokenState(service.url, token)).toMatchObject({
      state: 'active',
      attemptsLeft: 1,
    });
    const { manager } = service.app.get(DataSource);
    expect(await manager.countBy(Upload, { tokenId: token.id })).toBe(0);
  });

  it('is refused while the service goes down', async () => {
    const own = await startedService();
    const token = await own.given.uploadToken();
    own.app.get(Draining).begin();
    expectProblem(await sendSideCar(own.url, token, { way }), 'shutting-down');
  });

  const refused: [ErrorCode, () => Promise<IssuedToken>][] = [
    [
      'token-revoked',
      async () => {
        const token = await service.given.uploadToken();
        await person.api.delete(`/tickets/${token.ticket}/tokens/${token.id}`).expect(204);
        return token;
      },
    ],
    [
      'token-expired',
      async () => {
        const token = await service.given.uploadToken({ lifetime: 1 });
        await eventually(async () =>
          expect(await tokenState(service.url, token)).toMatchObject({ state: 'expired' }),
        );
        return token;
      },
    ],
    [
      'ticket-resolved',
      async () => {
        const token = await service.given.uploadToken();
        await person.api.patch(`/tickets/${token.ticket}`).send({ resolved: true }).expect(200);
        return token;
      },
    ],
    [
      'token-unknown',
      () => Promise.resolve({ id: '', ticket: '', value: `lct_${'F'.repeat(32)}` }),
    ],
  ];
  it.each(refused)('is refused with %s', async (code, tokenOf) => {
    expectProblem(await sideCar(await tokenOf(), { way }), code);
  });
});

describe('a client that waits for 100 Continue', () => {
  const put = (value: string, length: number) =>
    `PUT /api/v1/archives/logs.tgz.md5 HTTP/1.1\r\nHost: x\r\nUpload-Token: ${value}\r\n` +
    `Expect: 100-continue\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
  const form = (value: string, length: number) =>
    `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nUpload-Token: ${value}\r\n` +
    `Content-Type: multipart/form-data; boundary=${boundary}\r\n` +
    `Expect: 100-continue\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;

  it('with a side-car is asked for it where no attempt is left', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    await service.given.archive({}, token);
    const socket = await rawSocket(service.url);
    socket.write(put(token.value, 32));
    await socket.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write(md5);
    expect(await socket.closed()).toMatch(/HTTP\/1\.1 201 .*"state":"matched"/s);
  });

  it('with a side-car is told at once where its token is no good, or the side-car too large', async () => {
    const { value, ticket } = await service.given.uploadToken();
    const large = await rawSocket(service.url);
    large.write(put(value, 4097));
    expect(await large.closed()).toMatch(/^HTTP\/1\.1 400 .*"code":"validation-failed"/s);
    await person.api.patch(`/tickets/${ticket}`).send({ resolved: true }).expect(200);
    for (const head of [put(value, 32), form(value, 500), form(value, 500_000)]) {
      const socket = await rawSocket(service.url);
      socket.write(head);
      expect(await socket.closed()).toMatch(/^HTTP\/1\.1 423 .*"code":"ticket-resolved"/s);
    }
  });

  it('with a file is told at once where no attempt is left, unless the form may be a side-car', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    await service.given.archive({}, token);
    const large = await rawSocket(service.url);
    large.write(form(token.value, 500_000));
    expect(await large.closed()).toMatch(/^HTTP\/1\.1 410 .*"code":"token-exhausted"/s);
    const small = await rawSocket(service.url);
    const body =
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n` +
      `bytes\r\n--${boundary}--\r\n`;
    small.write(form(token.value, body.length));
    await small.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    small.write(body);
    expect(await small.closed()).toMatch(/HTTP\/1\.1 410 .*"code":"token-exhausted"/s);
  });
});

describe('a small form', () => {
  it('without a file is still a failure', async () => {
    const token = await service.given.uploadToken();
    const body = `--${boundary}--\r\n`;
    for (let times = 0; times < 4; times += 1) {
      const socket = await rawSocket(service.url);
      socket.write(
        `POST /api/v1/archives HTTP/1.1\r\nHost: x\r\nUpload-Token: ${token.value}\r\n` +
          `Content-Type: multipart/form-data; boundary=${boundary}\r\n` +
          `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      expect(await socket.closed()).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(await tokenState(service.url, token)).toMatchObject({
      state: 'locked',
      attemptsLeft: 5,
    });
  });

  it('may bring the token of its side-car as a field', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    await service.given.archive({ name: 'a.log', bytes: 'some logs' }, token);
    const fields = { token: token.value };
    const answer = await upload(service.url, null, { name: 'a.log.md5', bytes: md5, fields });
    expect(answer).toMatchObject({ status: 201, body: { claims: 'a.log', state: 'matched' } });
  });
});

describe('a claim', () => {
  it('says nothing of other tokens, other tickets and other names', async () => {
    const token = await service.given.uploadToken();
    const sibling = await service.given.uploadToken({ ticket: token.ticket });
    const stranger = await service.given.uploadToken();
    for (const other of [sibling, stranger]) await sideCar(other, { of: 'else' });
    await sideCar(token, { of: 'else', file: 'LOGS.tgz' });
    await sideCar(token, { of: 'else', file: 'logs.tgz.gz' });
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    const archives = await person.api.get(`/archives?ticket=${token.ticket}`).expect(200);
    expect(archives.body).toMatchObject({ items: [{ state: 'stored' }] });
    for (const other of [sibling, stranger])
      expect(await sideCar(other, { of: 'else' })).toMatchObject({ body: { state: 'pending' } });
  });

  it('does not touch the repetition of a file that is stored', async () => {
    const token = await service.given.uploadToken();
    const headers = { 'Idempotency-Key': 'once' };
    const first = await upload(service.url, token, { headers });
    await sideCar(token);
    await sideCar(token, { of: 'of the next file' });
    const again = await upload(service.url, token, { headers });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(await pendingClaims(service, token)).toHaveLength(1);
  });

  it('ends with the ticket that is resolved while it waits', async () => {
    const token = await service.given.uploadToken();
    await sideCar(token);
    const running = await uploadUnderWay(service.url, token, { name: 'logs.tgz' });
    await person.api.patch(`/tickets/${token.ticket}`).send({ resolved: true }).expect(200);
    expectProblem(await running.finish(), 'ticket-resolved');
    expectProblem(await sideCar(token), 'ticket-resolved');
  });

  it('that contradicts a stored file counts as a failure', async () => {
    const token = await service.given.uploadToken();
    await upload(service.url, token);
    for (let times = 0; times < 4; times += 1)
      expectProblem(await sideCar(token, { of: noise(10, times) }), 'digest-mismatch');
    expectProblem(await sideCar(token), 'token-locked');
  });

  it('is forgotten after a day', async () => {
    const token = await service.given.uploadToken();
    const { manager } = service.app.get(DataSource);
    await sideCar(token, { of: 'never came' });
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 60 * 60 * 1000);
    const sideCars = service.app.get(SideCarsService);
    await manager.update(DigestClaim, { tokenId: token.id }, { createdAt: hoursAgo(23) });
    await sideCars.removeExpired(new Date());
    expectProblem(await upload(service.url, token), 'digest-mismatch');
    await manager.update(DigestClaim, { tokenId: token.id }, { createdAt: hoursAgo(25) });
    expect(await upload(service.url, token)).toMatchObject({ status: 201 });
    await sideCars.removeExpired(new Date());
    expect(await pendingClaims(service, token)).toEqual([]);
  });

  it('makes room for newer ones: a hundred of a token wait', async () => {
    const token = await service.given.uploadToken();
    for (let at = 0; at <= 101; at += 1) await sideCar(token, { file: `${at}.log` });
    const names = (await pendingClaims(service, token)).map(({ filename }) => filename);
    expect(names).toEqual(Array.from({ length: 100 }, (_, at) => `${at + 2}.log`));
  });
});
