import type { StandingWalls } from '../../sandbox/walls.js';
import { judgeSandbox } from './sandbox.check.js';

const all = { permissionModel: true, limits: true, seccomp: true, landlock: true, network: true };
const judged = (missing: Partial<StandingWalls>) =>
  judgeSandbox({ kind: 'measured', walls: { ...all, ...missing } });

it('the sandbox is looked at wall by wall', () => {
  expect(judged({}).level).toBe('ok');
  const checkout = judged({ seccomp: false, landlock: false, network: false });
  expect(checkout.level).toBe('warn');
  expect(checkout.saw).toMatch(/^missing: seccomp, Landlock, no network\. Standing: .*limits\.$/);
  expect(checkout.change).toMatch(/the image/);
  expect(judged({ landlock: false })).toMatchObject({
    level: 'warn',
    change: expect.stringContaining('kernel 5.13'),
  });
  expect(judged({ permissionModel: false }).level).toBe('fail');
  expect(judged({ limits: false }).level).toBe('fail');
});

it('a sandbox that runs nothing fails, and says why', () => {
  const reason = 'sandbox-launcher: seccomp: Invalid argument';
  const finding = judgeSandbox({ kind: 'unusable', end: { kind: 'not-started', reason } });
  expect(finding.level).toBe('fail');
  expect(finding.saw).toContain(reason);
});
