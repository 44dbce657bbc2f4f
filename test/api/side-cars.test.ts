import { writeFileSync } from 'node:fs';
import { VerifyService } from '../../src/maintenance/verify.service.js';
import { noise } from '../support/bytes.js';
import type { IssuedToken, Person } from '../support/given.js';
import { expectProblem } from '../support/http.js';
import type { Answer } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import {
  algorithms,
  digestBy,
  pendingClaims,
  sendSideCar,
  sideCarWays,
} from '../support/side-cars.js';
import type { SideCarSending } from '../support/side-cars.js';
import { blobPath, openStoreFiles, storedFiles } from '../support/store-files.js';
import { tus } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';
import { upload } from '../support/upload.js';

let service: TestService;
let person: Person;
beforeAll(async () => {
  service = await startedService();
  person = await service.given.admin();
});

const bytes = noise(70_000);
const wrong = noise(70_000, 2);

const file = (token: IssuedToken, content: Buffer | string = bytes): Promise<Answer> =>
  upload(service.url, token, { way: 'put', bytes: content });
const sideCar = (token: IssuedToken, sending: SideCarSending = {}): Promise<Answer> =>
  sendSideCar(service.url, token, { of: bytes, ...sending });

/** How the archives of a ticket stand, newest first. */
const states = async ({ ticket }: IssuedToken): Promise<string[]> => {
  const { body } = await person.api.get(`/archives?ticket=${ticket}`).expect(200);
  return (body as { items: { state: string }[] }).items.map(({ state }) => state);
};

const isStored = async (id: string): Promise<void> => {
  const { body } = await person.api.get(`/archives/${id}`).expect(200);
  expect(body).toMatchObject({ id, state: 'stored' });
};

describe.each(algorithms)('a side-car with %s', (algorithm) => {
  const digest = digestBy[algorithm](bytes);
  const other = digestBy[algorithm](wrong);

  describe.each(sideCarWays)('by %s', (way) => {
    const claim = (token: IssuedToken, sending: SideCarSending = {}) =>
      sideCar(token, { way, algorithm, ...sending });

    it('before its file waits for it, costs nothing and is no archive', async () => {
      const token = await service.given.uploadToken({ attempts: 2 });
      const before = storedFiles(service.place);
      const answer = await claim(token);
      expect(answer).toMatchObject({ status: 201 });
      expect(answer.body).toEqual({
        ticket: token.ticket,
        filename: `logs.tgz.${algorithm}`,
        claims: 'logs.tgz',
        algorithm,
        digest,
        state: 'pending',
      });
      expect(storedFiles(service.place)).toEqual(before);
      expect(await states(token)).toEqual([]);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 2 });

      expect(await file(token)).toMatchObject({ status: 201, body: { attemptsLeft: 1 } });
      expect(await states(token)).toEqual(['stored']);
      expect(await pendingClaims(service, token)).toEqual([]);
    });

    it('after its file is compared at once, also where that took the last attempt', async () => {
      const token = await service.given.uploadToken({ attempts: 1 });
      await file(token);
      const before = storedFiles(service.place);
      // Its length has to be known: an upload that may be of any size is not begun without an attempt.
      const late = way === 'chunked form' ? 'form' : way;
      const answer = await claim(token, { way: late });
      expect(answer).toMatchObject({ status: 201, body: { state: 'matched', digest } });
      expect(storedFiles(service.place)).toEqual(before);
      expect(await states(token)).toEqual(['stored']);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 0 });
      expect(await pendingClaims(service, token)).toEqual([]);
    });

    it('before another file keeps that out, until the right one comes', async () => {
      const token = await service.given.uploadToken({ attempts: 1 });
      const before = storedFiles(service.place);
      await claim(token);
      const { detail } = expectProblem(await file(token, wrong), 'digest-mismatch');
      expect(detail).toContain(digest);
      expect(detail).toContain(other);
      expect(storedFiles(service.place)).toEqual(before);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
      expect(await states(token)).toEqual([]);

      expect(await file(token)).toMatchObject({ status: 201 });
      expect(await states(token)).toEqual(['stored']);
    });

    it('after another file says so, and marks that', async () => {
      const token = await service.given.uploadToken({ attempts: 2 });
      const { id } = (await file(token, wrong)).body as { id: string };
      const { detail } = expectProblem(await claim(token), 'digest-mismatch');
      expect(detail).toContain(digest);
      expect(detail).toContain(other);
      expect(await states(token)).toEqual(['mismatched']);
      expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
      const content = await person.api.get(`/archives/${id}/content`).buffer(true).expect(200);
      expect(content.headers['content-length']).toBe(String(wrong.length));
      const { body } = await person.api.get(`/audit-events?subject=${id}`).expect(200);
      expect((body as { items: unknown[] }).items).toContainEqual(
        expect.objectContaining({
          action: 'archive.digest-mismatch',
          actor: { kind: 'customer', id: token.id, name: 'customer' },
          details: { ticket: token.ticket, algorithm, claimed: digest, stored: other },
        }),
      );

      // The side-car was the wrong one.
      expect(await claim(token, { of: wrong })).toMatchObject({ body: { state: 'matched' } });
      expect(await states(token)).toEqual(['stored']);
      expect(await pendingClaims(service, token)).toEqual([]);
    });
  });

  it.each(['form', 'put', 'post'] as const)('judges a file that comes by %s', async (way) => {
    const token = await service.given.uploadToken();
    await sideCar(token, { algorithm });
    const refused = await upload(service.url, token, { way, bytes: wrong });
    expectProblem(refused, 'digest-mismatch');
    expect(await upload(service.url, token, { way, bytes })).toMatchObject({ status: 201 });
    expect(await pendingClaims(service, token)).toEqual([]);
  });

  it('judges a file that comes in many requests', async () => {
    const token = await service.given.uploadToken({ attempts: 2 });
    await sideCar(token, { algorithm });
    const before = storedFiles(service.place);
    const customer = tus(service.url, token);
    const half = bytes.length / 2;
    const sent = async (content: Buffer): Promise<Answer> => {
      const path = await customer.begun({ length: content.length });
      expect(await customer.patch(path, 0, content.subarray(0, half))).toMatchObject({
        status: 204,
      });
      return customer.patch(path, half, content.subarray(half));
    };
    const { detail } = expectProblem(await sent(wrong), 'digest-mismatch');
    expect(detail).toContain(digest);
    expect(detail).toContain(other);
    expect(storedFiles(service.place)).toEqual(before);
    expect(await sent(bytes)).toMatchObject({ status: 204 });
    expect(await states(token)).toEqual(['stored']);
    expect(await tokenState(service.url, token)).toMatchObject({ attemptsLeft: 1 });
  });

  it('is replaced by a later one for the same file', async () => {
    const token = await service.given.uploadToken();
    await sideCar(token, { algorithm, of: wrong });
    await sideCar(token, { algorithm });
    expect(await pendingClaims(service, token)).toMatchObject([{ digest }]);
    expect(await file(token)).toMatchObject({ status: 201 });
  });

  it('without the file of a second day does not keep the mark on the first one', async () => {
    const token = await service.given.uploadToken();
    await file(token, wrong);
    // On the second day the side-car comes first, and there is only the first day's file to compare it with.
    expectProblem(await sideCar(token, { algorithm }), 'digest-mismatch');
    expect(await states(token)).toEqual(['mismatched']);
    expect(await file(token)).toMatchObject({ status: 201 });
    expect(await states(token)).toEqual(['stored', 'stored']);
    // On the third it is known that the newest file had its own.
    const third = noise(100);
    expect(await sideCar(token, { algorithm, of: third })).toMatchObject({
      status: 201,
      body: { state: 'pending' },
    });
    expect(await states(token)).toEqual(['stored', 'stored']);
    expectProblem(await file(token), 'digest-mismatch');
    expect(await file(token, third)).toMatchObject({ status: 201 });
  });

  it('finds its file below a newer one that has had its own', async () => {
    const token = await service.given.uploadToken();
    await file(token, wrong);
    await file(token);
    for (const content of [bytes, wrong])
      expect(await sideCar(token, { algorithm, of: content })).toMatchObject({
        body: { state: 'matched' },
      });
  });

  it('goes with its ticket, and leaves nothing of it', async () => {
    const { api } = person;
    for (const deleted of ['ticket', 'platform'] as const) {
      const platform = await service.given.platform();
      const token = await service.given.uploadToken({ platform });
      await file(token, wrong);
      expectProblem(await sideCar(token, { algorithm }), 'digest-mismatch');
      await sideCar(token, { algorithm, file: 'other.log' });
      expect(await pendingClaims(service, token)).toHaveLength(2);
      if (deleted === 'ticket') await api.delete(`/tickets/${token.ticket}`).expect(204);
      else await api.delete(`/platforms/${platform}?cascade=true`).expect(204);
      expect(await pendingClaims(service, token)).toEqual([]);
    }
  });

  it('outlives the archive that it marked', async () => {
    const token = await service.given.uploadToken();
    const { id } = (await file(token, wrong)).body as { id: string };
    expectProblem(await sideCar(token, { algorithm }), 'digest-mismatch');
    await person.api.delete(`/archives/${id}`).expect(204);
    expectProblem(await file(token, wrong), 'digest-mismatch');
    expect(await file(token)).toMatchObject({ status: 201 });
    expect(await states(token)).toEqual(['stored']);
  });
});

describe('side-cars of both kinds', () => {
  it('are kept apart, and both judge the file', async () => {
    const token = await service.given.uploadToken();
    await sideCar(token, { algorithm: 'md5' });
    await sideCar(token, { algorithm: 'sha256', of: wrong });
    for (const content of [bytes, wrong])
      expectProblem(await file(token, content), 'digest-mismatch');
    await sideCar(token, { algorithm: 'sha256' });
    const { id } = (await file(token)).body as { id: string };
    expect(await pendingClaims(service, token)).toEqual([]);
    await isStored(id);
  });

  it('may come before and after the file', async () => {
    const token = await service.given.uploadToken();
    await sideCar(token, { algorithm: 'md5' });
    await file(token);
    expect(await sideCar(token, { algorithm: 'sha256' })).toMatchObject({
      body: { state: 'matched' },
    });
  });

  it('mark an archive until both agree with it', async () => {
    const token = await service.given.uploadToken();
    await file(token);
    for (const algorithm of algorithms)
      expectProblem(await sideCar(token, { algorithm, of: wrong }), 'digest-mismatch');
    await sideCar(token, { algorithm: 'md5' });
    expect(await states(token)).toEqual(['mismatched']);
    await sideCar(token, { algorithm: 'sha256' });
    expect(await states(token)).toEqual(['stored']);
  });
});

describe('a marked archive', () => {
  it('stays marked when its bytes were damaged and are right again', async () => {
    const token = await service.given.uploadToken();
    const { id } = (await file(token)).body as { id: string };
    expectProblem(await sideCar(token, { of: wrong }), 'digest-mismatch');
    const verify = service.app.get(VerifyService);
    const path = blobPath(service.place, id);
    for (const [content, state] of [
      [bytes, 'mismatched'],
      [wrong, 'damaged'],
      [bytes, 'mismatched'],
    ] as const) {
      writeFileSync(path, content);
      await verify.verify();
      expect(await states(token)).toEqual([state]);
    }
  });
});

describe('an archive whose bytes are damaged', () => {
  it('is not blamed on the customer', async () => {
    const token = await service.given.uploadToken();
    const { id } = (await file(token)).body as { id: string };
    writeFileSync(blobPath(service.place, id), wrong);
    for (const content of [bytes, wrong])
      expect(await sideCar(token, { of: content })).toMatchObject({ body: { state: 'pending' } });
    expect(await states(token)).toEqual(['stored']);
    expect(service.log.events('archive.unreadable')).toMatchObject([
      { archiveId: id },
      { archiveId: id },
    ]);
    writeFileSync(blobPath(service.place, id), bytes);
    expect(await sideCar(token)).toMatchObject({ body: { state: 'matched' } });
    expect(openStoreFiles(service.place)).toEqual([]);
  });
});
