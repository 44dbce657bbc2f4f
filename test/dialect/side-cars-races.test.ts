import { DataSource } from 'typeorm';
import { Archive } from '../../src/archives/archive.entity.js';
import { noise, seeded } from '../support/bytes.js';
import { expectProblem } from '../support/http.js';
import { replicasOf } from '../support/replicas.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';
import { algorithms, pendingClaims, sendSideCar } from '../support/side-cars.js';
import type { Algorithm } from '../support/side-cars.js';
import { storedFiles } from '../support/store-files.js';
import { upload } from '../support/upload.js';

let service: TestService;
let services: readonly TestService[];
beforeAll(async () => {
  const env = { TOKEN_MAX_FAILURES: '1000' };
  service = await startedService(env);
  services = await replicasOf(service, 2, env);
});

const rounds = 60;
const random = seeded(11);
const urlOf = (at: number): string => services[at % services.length]?.url ?? '';
/** Brings the two requests to each other's last steps in many ways. */
const later = async <Result>(send: () => Promise<Result>): Promise<Result> => {
  for (let turns = random(30); turns > 0; turns -= 1) await new Promise(setImmediate);
  return send();
};

const archivesOf = (tokenId: string): Promise<Archive[]> =>
  service.app.get(DataSource).manager.findBy(Archive, { tokenId });
const claimOf = (archive: Archive | undefined, algorithm: Algorithm) =>
  archive?.[algorithm === 'md5' ? 'md5Claim' : 'sha256Claim'];

describe.each(algorithms)('a file and its side-car with %s at once', (algorithm) => {
  const bytes = noise(20_000);

  it('are compared, whichever is first', async () => {
    const token = await service.given.uploadToken({ attempts: rounds });
    for (let round = 0; round < rounds; round += 1) {
      const name = `${round}.log`;
      const [stored, claimed] = await Promise.all([
        later(() => upload(urlOf(round), token, { way: 'put', name, bytes })),
        later(() => sendSideCar(urlOf(round + 1), token, { file: name, algorithm, of: bytes })),
      ]);
      expect([stored.status, claimed.status]).toEqual([201, 201]);
    }
    expect(await pendingClaims(service, token)).toEqual([]);
    for (const archive of await archivesOf(token.id))
      expect(claimOf(archive, algorithm)).toBe('matched');
  });

  it('are told apart where they do not fit, by exactly one of them', async () => {
    const token = await service.given.uploadToken({ attempts: rounds });
    const files = storedFiles(service.place).length;
    let stored = 0;
    for (let round = 0; round < rounds; round += 1) {
      const name = `${round}.log`;
      const [file, claim] = await Promise.all([
        later(() => upload(urlOf(round), token, { way: 'put', name, bytes })),
        later(() => sendSideCar(urlOf(round + 1), token, { file: name, algorithm, of: 'else' })),
      ]);
      expect([file.status, claim.status].sort()).toEqual([201, 422]);
      expectProblem(file.status === 422 ? file : claim, 'digest-mismatch');
      if (file.status === 201) stored += 1;
    }
    expect(await pendingClaims(service, token)).toHaveLength(rounds);
    const archives = await archivesOf(token.id);
    expect(archives).toHaveLength(stored);
    for (const archive of archives) expect(claimOf(archive, algorithm)).toBe('mismatched');
    expect(storedFiles(service.place)).toHaveLength(files + stored);
  });

  it('many of one name leave one claim, and nothing that was not compared', async () => {
    const token = await service.given.uploadToken({ attempts: 40 });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        at % 2 === 0
          ? later(() => upload(urlOf(at >> 1), token, { way: 'put', bytes }))
          : later(() => sendSideCar(urlOf(at >> 1), token, { algorithm, of: bytes })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201));
    expect((await pendingClaims(service, token)).length).toBeLessThanOrEqual(1);
    const archives = await archivesOf(token.id);
    expect(archives).toHaveLength(20);
    for (const archive of archives) expect(claimOf(archive, algorithm)).not.toBe('mismatched');
  });

  it('and the deletion of their ticket end with nothing left', async () => {
    const { api } = await service.given.admin();
    for (let round = 0; round < 10; round += 1) {
      const token = await service.given.uploadToken({ attempts: 20 });
      const before = storedFiles(service.place);
      const sent = Array.from({ length: 12 }, (_, at) =>
        at % 2 === 0
          ? upload(urlOf(at), token, { way: 'put', bytes })
          : sendSideCar(urlOf(at), token, { algorithm, of: at % 3 === 0 ? 'else' : bytes }),
      );
      await Promise.race(sent);
      await api.delete(`/tickets/${token.ticket}`).expect(204);
      for (const answer of await Promise.all(sent))
        if (answer.status !== 201) expect([401, 422]).toContain(answer.status);
      expect(storedFiles(service.place)).toEqual(before);
      expect(await pendingClaims(service, token)).toEqual([]);
    }
  });
});

describe('the bytes of an archive', () => {
  it('are read once, however many side-cars ask for their MD5', async () => {
    const token = await service.given.uploadToken({ attempts: 1 });
    const bytes = noise(3_000_000);
    const { id } = await service.given.archive({ bytes }, token);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => sendSideCar(service.url, token, { of: bytes })),
    );
    const states = answers.map(({ body }) => String(body.state)).sort();
    expect(states).toEqual(['matched', ...(Array(9).fill('pending') as string[])]);
    expect(await archivesOf(token.id)).toMatchObject([{ id, md5Claim: 'matched' }]);
    const read = services.flatMap(({ log }) => log.events('archive.read-back'));
    expect(read.filter(({ archiveId }) => archiveId === id)).toHaveLength(1);
  });
});
