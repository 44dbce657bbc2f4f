import { execFileSync } from 'node:child_process';

/** Why the real sos cannot run here; null where it can. */
export const whyNoSos = ((): string | null => {
  if (process.getuid?.() !== 0) return 'sos runs as root alone';
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import sos, requests'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'not installed: apt-get install sosreport python3-requests';
  }
})();

/** CI has it and fails without it; elsewhere a story may be skipped, and says why. */
export const sosMustRun = whyNoSos === null || Boolean(process.env['CI']);
