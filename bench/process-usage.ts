import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const sampleEveryMs = 50;
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** A line of /proc/PID/status, in bytes. */
const statusBytes = (pid: number, name: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
};

/** Resident memory now, in bytes. */
export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS');

/** Processor seconds of all threads, in user and system mode together. */
const processorSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold spaces; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

/** Lets the kernel forget the peak so far, so that VmHWM is the peak from here on; false where it may not. */
const forgetPeak = (pid: number): boolean => {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
};

export interface Usage {
  /** Highest resident memory while the work ran, in bytes. */
  readonly peakBytes: number;
  readonly processorSeconds: number;
  readonly wallSeconds: number;
}

/** What one process takes while `work` runs: sampled, and the kernel's own peak where it can be asked for. */
export const usageDuring = async (pid: number, work: () => Promise<unknown>): Promise<Usage> => {
  const kernelKnowsPeak = forgetPeak(pid);
  let peakBytes = residentBytes(pid);
  const look = (): void => {
    peakBytes = Math.max(peakBytes, residentBytes(pid));
  };
  const timer = setInterval(look, sampleEveryMs);
  const begun = { processor: processorSeconds(pid), at: performance.now() };
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return {
    peakBytes: kernelKnowsPeak ? Math.max(peakBytes, statusBytes(pid, 'VmHWM')) : peakBytes,
    processorSeconds: processorSeconds(pid) - begun.processor,
    wallSeconds: (performance.now() - begun.at) / 1000,
  };
};
