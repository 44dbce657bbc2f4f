import { randomBytes } from 'node:crypto';
import { tus } from '../../support/tus.js';
import { uploadUnderWay } from '../../support/upload-under-way.js';
import { upload } from '../../support/upload.js';
import type { Desk } from './story.js';

/** Uploads that come, one that rests, and what goes wrong on a bad day. @returns the function that ends them */
export const busy = async ({ url, given }: Desk): Promise<() => Promise<void>> => {
  const platform = 'backup-server';
  const ticket = async (number: string, wishes: object) =>
    (await given.ticket({ ticket: number, platform, ...wishes })).token;
  const soon = { lifetime: 9_000 };
  const token = await ticket('SUP-48301', { note: 'Agent does not start', ...soon });
  const running = await uploadUnderWay(url, token, { headers: { 'Content-Length': 90_000_000 } });
  const unknown = await uploadUnderWay(url, await ticket('SUP-48302', { attempts: 1 }), {
    way: 'form',
  });
  const customer = tus(url, await ticket('SUP-48303', {}));
  const path = await customer.begun({ length: 6_000_000, name: 'журналы агента.7z' });
  await customer.patch(path, 0, randomBytes(2_500_000));
  const failing = await ticket('SUP-48304', { note: 'Console shows nothing' });
  const broken = await uploadUnderWay(url, failing, { headers: { 'Content-Length': 7_000_000 } });
  await broken.write(randomBytes(1_200_000));
  broken.breakOff();
  const spent = await ticket('SUP-48305', { attempts: 1 });
  await given.archive({ name: 'dump.zip', way: 'put' }, spent);
  const claimed = await ticket('SUP-48306', {});
  await given.archive({ name: 'collect.tgz', way: 'put' }, claimed);
  const claim = { name: 'collect.tgz.sha256', bytes: `${'0'.repeat(64)}  collect.tgz\n` };
  await upload(url, claimed, claim);
  const sending = setInterval(() => {
    void running.write(randomBytes(900_000));
    void unknown.write(randomBytes(70_000));
  }, 500);
  return async () => {
    clearInterval(sending);
    running.breakOff();
    unknown.breakOff();
    await Promise.allSettled([running.answer, unknown.answer]);
  };
};
