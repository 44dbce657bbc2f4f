import { execFileSync } from 'node:child_process';
import { toleratedOutsideCi } from './left-out.js';
import type { Lack } from './left-out.js';

/** CI has it and fails without it. */
export const noSos: Lack = toleratedOutsideCi(
  ((): Lack => {
    if (process.getuid?.() !== 0) return 'needs sos, which runs as root alone';
    try {
      execFileSync('/usr/bin/python3', ['-c', 'import sos, requests'], { stdio: 'ignore' });
      return null;
    } catch {
      return 'needs sos, which is not installed (apt-get install sosreport python3-requests)';
    }
  })(),
);
