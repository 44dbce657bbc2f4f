import { spawn } from 'node:child_process';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type TestAgent from 'supertest/lib/agent.js';
import { digestOf, noise, seeded, sha256Of } from '../support/bytes.js';
import { cuttingProxy, randomCuts } from '../support/cutting-proxy.js';
import type { CuttingProxy } from '../support/cutting-proxy.js';
import { freshPlace } from '../support/database.js';
import { download } from '../support/download.js';
import { eventually } from '../support/eventually.js';
import type { IssuedToken } from '../support/given.js';
import { spawnedService } from '../support/program.js';
import { partialSize, storedFiles } from '../support/store-files.js';
import { tempFolder } from '../support/temp-folder.js';
import { checksumOf, idOf, patchUnderWay, tus, uploadWithTusClient } from '../support/tus.js';
import { tokenState } from '../support/upload-under-way.js';

const MiB = 1024 ** 2;
const size = 64 * MiB;
const cuts = 24;
const bytes = noise(size);
const env = { TOKEN_MAX_FAILURES: '5' };

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);

/** The ticket has this one file and the token paid once for it. */
const expectOneArchive = async (
  { url }: { readonly url: string },
  api: TestAgent,
  token: IssuedToken,
  id: string,
): Promise<void> => {
  const { body } = await api.get(`/archives?ticket=${token.ticket}`).expect(200);
  const { items } = body as { items: unknown[] };
  expect({ seed, items }).toMatchObject({ seed, items: [{ id, size, sha256: sha256Of(bytes) }] });
  expect(await tokenState(url, token)).toMatchObject({ attemptsLeft: 4, state: 'active' });
};

/**
 * What somebody types who has read the protocol and has nothing but curl: asks for the offset, sends the rest, and
 * begins again until the answer to HEAD names the archive.
 */
const curlLoop = `
set -u
auth="Upload-Token: $TOKEN"
size=$(wc -c <"$FILE")
until location=$(curl -sf -D - -o /dev/null -X POST -H "$auth" -H 'Tus-Resumable: 1.0.0' \\
  -H "Upload-Length: $size" -H "Idempotency-Key: $KEY" "$BASE/api/v1/uploads" |
  tr -d '\\r' | sed -n 's/^[Ll]ocation: //p') && [ -n "$location" ]; do sleep 0.05; done
tries=0
while [ "$tries" -lt 500 ]; do
  tries=$((tries + 1))
  head=$(curl -sf -I -H "$auth" -H 'Tus-Resumable: 1.0.0' "$BASE$location" | tr -d '\\r')
  archive=$(printf '%s\\n' "$head" | sed -n 's/^[Aa]rchive-[Ii]d: //p')
  [ -n "$archive" ] && { echo "$archive"; exit 0; }
  offset=$(printf '%s\\n' "$head" | sed -n 's/^[Uu]pload-[Oo]ffset: //p')
  [ -n "$offset" ] || { sleep 0.05; continue; }
  tail -c "+$((offset + 1))" "$FILE" | head -c "$CHUNK" | curl -s -o /dev/null -X PATCH -T - \\
    -H "$auth" -H 'Tus-Resumable: 1.0.0' -H "Upload-Offset: $offset" -H 'Expect:' \\
    -H 'Content-Type: application/offset+octet-stream' "$BASE$location" || sleep 0.02
done
exit 1
`;

const uploadWithCurl = (
  proxy: CuttingProxy,
  token: IssuedToken,
  chunk: number,
): Promise<string> => {
  const file = join(tempFolder(), 'logs.tgz');
  writeFileSync(file, bytes);
  const child = spawn('sh', ['-c', curlLoop], {
    env: {
      ...{ PATH: process.env['PATH'], BASE: proxy.url, TOKEN: token.value, FILE: file },
      ...{ KEY: `curl-${seed}`, CHUNK: String(chunk) },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve(said.trim()) : reject(new Error(`sh ended with ${code}; seed ${seed}`)),
    );
  });
};

describe(`a file of 64 MiB over a line that breaks ${cuts} times at random places`, () => {
  let service: Awaited<ReturnType<typeof spawnedService>>;
  beforeAll(async () => {
    service = await spawnedService(env);
  });

  /** Arrives whatever the cuts are; fails with the seed that made them. */
  const arrives = async (
    piece: number,
    send: (proxy: CuttingProxy, token: IssuedToken) => Promise<string>,
  ) => {
    const token = await service.given.uploadToken({ attempts: 5 });
    const proxy = await cuttingProxy(service.url);
    proxy.plan(...randomCuts(seeded(seed), { count: cuts, bytes: size, piece }));
    const id = await send(proxy, token);
    expect({ seed, cuts: proxy.counters.cuts }).toEqual({ seed, cuts });
    const { api } = await service.given.admin();
    await expectOneArchive(service, api, token, id);
    await proxy.close();
    return id;
  };

  it('arrives whole with tus-js-client in pieces, and costs one attempt', async () => {
    const id = await arrives(MiB, async (proxy, token) => {
      const sent = await uploadWithTusClient(proxy.url, token, bytes, {
        chunkSize: MiB,
        headers: { 'Idempotency-Key': `tus-${seed}` },
      });
      expect({ seed, digest: sent.reprDigest }).toEqual({ seed, digest: digestOf(bytes) });
      return sent.archiveId;
    });
    const { api } = await service.given.admin();
    const { body } = await download(api, id).expect(200);
    expect({ seed, sha256: sha256Of(body as Buffer) }).toEqual({ seed, sha256: sha256Of(bytes) });
  });

  it('arrives whole with tus-js-client from a file in one stretch', async () => {
    const file = join(tempFolder(), 'logs.tgz');
    writeFileSync(file, bytes);
    await arrives(0, async (proxy, token) => {
      const sent = await uploadWithTusClient(proxy.url, token, createReadStream(file), {
        chunkSize: Infinity,
        headers: { 'Idempotency-Key': `file-${seed}` },
      });
      return sent.archiveId;
    });
  });

  it('arrives whole with curl and sh', async () => {
    await arrives(MiB, (proxy, token) => uploadWithCurl(proxy, token, MiB));
    // Nothing is left of all the requests that broke off.
    expect(storedFiles(service.place)).toHaveLength(3);
    expect(service.log.events('http.failed')).toEqual([]);
  });
});

it('a file of 64 MiB arrives whole though the service is killed again and again', async () => {
  const kills = 4;
  const random = seeded(seed);
  const place = await freshPlace();
  let service = await spawnedService(env, place);
  const token = await service.given.uploadToken({ attempts: 5 });
  const { account } = await service.given.admin();
  const proxy = await cuttingProxy(service.url);
  const sending = uploadWithTusClient(proxy.url, token, bytes, {
    headers: { 'Idempotency-Key': `killed-${seed}` },
    // Meanwhile the service starts again.
    retryDelays: Array.from({ length: 600 }, () => 50),
  });
  sending.catch(() => undefined);
  let until = 0;
  for (let round = 0; round < kills; round += 1) {
    until += random(Math.floor((2 * size) / (kills + 4)) - MiB) / 2;
    const [id] = await eventually(() => {
      const files = storedFiles(place);
      expect(files).toHaveLength(1);
      return files;
    });
    // The bytes on the disk choose the moment, so that each round has something to lose.
    while (partialSize(place, String(id)) <= until) await new Promise(setImmediate);
    service.kill('SIGKILL');
    await service.ended;
    const onDisk = partialSize(place, String(id));
    expect(onDisk).toBeLessThan(size);
    until = Math.max(until, onDisk);
    service = await spawnedService(env, place);
    const told = await tus(service.url, token).offset(`/api/v1/uploads/${id}`);
    // Never above what is on the disk, and nothing of that is sent again.
    expect({ seed, told }).toEqual({ seed, told: onDisk });
    proxy.aim(service.url);
  }
  const sent = await sending;
  expect({ seed, digest: sent.reprDigest }).toEqual({ seed, digest: digestOf(bytes) });
  const api = await service.given.signedIn(account);
  await expectOneArchive(service, api, token, sent.archiveId);
  expect(storedFiles(place)).toEqual([sent.archiveId]);
});

it('bytes that their checksum did not prove before a kill are not taken for proved', async () => {
  const place = await freshPlace();
  let service = await spawnedService(env, place);
  const token = await service.given.uploadToken();
  const file = noise(200_000);
  let owner = tus(service.url, token);
  const path = await owner.begun({ length: file.length });
  await owner.patch(path, 0, file.subarray(0, 50_000));
  // The rest comes wrong, and its end, after which the checksum would tell, never.
  const wrong = noise(100_000, 2);
  await patchUnderWay(place, owner, path, 50_000, wrong, {
    'Upload-Checksum': checksumOf(''),
  });
  service.kill('SIGKILL');
  await service.ended;
  expect(partialSize(place, idOf(path))).toBe(150_000);

  service = await spawnedService(env, place);
  owner = tus(service.url, token);
  expect(await owner.offset(path)).toBe(50_000);
  const done = await owner.patch(path, 50_000, file.subarray(50_000));
  expect(done.headers['repr-digest']).toBe(digestOf(file));
});
