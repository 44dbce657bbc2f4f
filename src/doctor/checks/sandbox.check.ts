import type { StandingWalls, WallReport } from '../../sandbox/walls.js';
import { fail, ok, quoted, warn } from '../finding.js';
import type { Finding } from '../finding.js';

const names: Readonly<Record<keyof StandingWalls, string>> = {
  permissionModel: 'Node.js’s permission model',
  limits: 'limits',
  seccomp: 'seccomp',
  landlock: 'Landlock',
  network: 'no network',
};

const listed = (walls: StandingWalls, standing: boolean): string =>
  (Object.keys(names) as (keyof StandingWalls)[])
    .filter((wall) => walls[wall] === standing)
    .map((wall) => names[wall])
    .join(', ');

/** @param report of walls that were tried where this process runs */
export const judgeSandbox = (report: WallReport): Finding => {
  const check = 'sandbox';
  if (report.kind === 'unusable') {
    const { end } = report;
    const why = 'reason' in end ? end.reason : 'errorText' in end ? end.errorText : end.kind;
    return fail(
      check,
      `no program can run in it: ${quoted(why.trim())}.`,
      'what it says; a container must allow seccomp filters.',
    );
  }
  const { walls } = report;
  if (Object.values(walls).every(Boolean))
    return ok(check, `holds hostile archives: ${listed(walls, true)}.`);
  const saw = `missing: ${listed(walls, false)}. Standing: ${listed(walls, true) || 'nothing'}.`;
  if (!walls.permissionModel || !walls.limits)
    return fail(check, saw, 'run it with the Node.js that package.json pins, on Linux.');
  return warn(
    check,
    saw,
    walls.seccomp
      ? 'a Linux kernel 5.13 or later with Landlock, which the container must allow.'
      : 'run the image, which has the launcher that builds them.',
  );
};
