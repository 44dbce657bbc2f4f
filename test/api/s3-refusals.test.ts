import { noise } from '../support/bytes.js';
import { command } from '../support/command.js';
import type { Place } from '../support/database.js';
import { sentence, typedDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { spawnedService } from '../support/program.js';
import { bucketName, s3Credentials, startedS3 } from '../support/s3-server.js';
import type { S3Server } from '../support/s3-server.js';
import { startedService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

let s3: S3Server;
let place: Place;
/** Of a database without archives, which might make the prefix its own. */
let fresh: Place;
beforeAll(async () => {
  s3 = await startedS3();
  const service = await startedService({ ...s3Credentials, STORAGE_URL: s3.storageUrl() });
  await service.given.archive({ bytes: noise(10) });
  await service.stop();
  place = service.place;
  const other = await startedService({ ...s3Credentials, STORAGE_URL: s3.storageUrl('fresh') });
  await other.stop();
  fresh = other.place;
});

const nosuch = (): string => s3.storageUrl().replace(`//${bucketName}/`, '//nosuch/');
const https = (): string => s3.storageUrl().replace('endpoint=http', 'endpoint=https');

it.each([
  [
    'a wrong key',
    () => ({ AWS_ACCESS_KEY_ID: 'nobody' }),
    /403 InvalidAccessKeyId/,
    /AWS_.*policy/,
  ],
  [
    'no such bucket',
    () => ({ STORAGE_URL: nosuch() }),
    /404 NoSuchBucket/,
    /bucket in STORAGE_URL/,
  ],
  ['https for http', () => ({ STORAGE_URL: https() }), /no TLS is spoken there/, /http or https/],
])('commands and doctor name the answer to %s and what to check', async (_, wrong, saw, check) => {
  const env = { ...s3Credentials, STORAGE_URL: s3.storageUrl(), ...wrong() };
  const [doctor, ...commands] = await Promise.all([
    typedDoctor({ place }, { ...env, PUBLIC_URL: 'http://127.0.0.1:1' }),
    command(['verify'], { place: fresh, env }),
    command(['backup', tempFolder()], { place, env }),
  ]);
  for (const { code, stderr } of commands) {
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Nothing was done: S3 .*\n$/);
    expect(stderr).toMatch(saw);
    expect(stderr).toMatch(check);
  }
  const said = sentence(doctor, 'storage');
  expect(said).toMatch(saw);
  expect(said).toMatch(check);
  expect(said).not.toMatch(/Unknown|mount it/);
});

it('a service that starts without its storage says why in the log', async () => {
  const env = { ...s3Credentials, STORAGE_URL: s3.storageUrl(), AWS_ACCESS_KEY_ID: 'nobody' };
  const service = await spawnedService(env, place);
  await eventually(() =>
    expect(service.log.events('storage.unavailable')).toMatchObject([
      { err: { cause: { message: expect.stringContaining('403 InvalidAccessKeyId') as string } } },
    ]),
  );
});

it('the doctor tries what resumable uploads are made whole by, and leaves nothing behind', async () => {
  const storage = async (store: S3Server, of: { readonly place: Place }) => {
    const env = {
      ...s3Credentials,
      STORAGE_URL: store.storageUrl(),
      PUBLIC_URL: 'http://127.0.0.1:1',
    };
    const visit = await typedDoctor(of, env);
    return visit.findings.find(({ check }) => check === 'storage');
  };
  const before = s3.objects();
  expect(await storage(s3, { place })).toMatchObject({ level: 'ok' });
  expect([s3.objects(), s3.uploads()]).toEqual([before, []]);
  const plain = await startedS3(true);
  const service = await startedService({ ...s3Credentials, STORAGE_URL: plain.storageUrl() });
  const [marker] = plain.objects();
  expect(await storage(plain, service)).toMatchObject({
    level: 'fail',
    saw: expect.stringMatching(/UploadPartCopy .*more than 8 MiB/) as string,
  });
  expect(plain.objects()).toEqual([marker]);
});
