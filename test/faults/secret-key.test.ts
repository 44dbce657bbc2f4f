import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startedService } from '../support/service.js';

it('a SECRET_KEY that was lost is said at the start, and people come in by a recovery code', async () => {
  const first = await startedService();
  const { account } = await first.given.admin();
  await first.stop();
  rmSync(join(first.place.dataDir, 'secret.key'));
  const second = await startedService({}, first.place);
  expect(second.log.events('secret-key.other')).toHaveLength(1);
  await (await second.given.signedIn(account)).get('/tickets').expect(200);
  await second.stop();
  // From here on the new one is the one that the audit is written with.
  const third = await startedService({}, first.place);
  expect(third.log.events('secret-key.other')).toEqual([]);
});
