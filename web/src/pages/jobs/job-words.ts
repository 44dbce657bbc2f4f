import type { JobView } from '../../api/schema.js';
import { fromNow } from '../../lib/format/format.js';
import { m } from '../../paraglide/messages.js';

export type JobState = JobView['state'];

/** A new state of the API is missed here by the compiler. Those that need somebody come first. */
const words = {
  dead: m.job_state_dead,
  waiting: m.job_state_waiting,
  running: m.job_state_running,
} as const satisfies Record<JobState, () => string>;

export const states = Object.keys(words) as readonly JobState[];

export const isState = (text: string): text is JobState => Object.hasOwn(words, text);

/** One that a newer service knows and this page does not is shown as the API names it. */
export const stateInWords = (state: JobState): string =>
  (words[state] as (() => string) | undefined)?.() ?? state;

/** Less than a minute is "now", and the clock of a page is a little late. */
const isToCome = (dueAt: string, now: Date): boolean => Date.parse(dueAt) - now.getTime() >= 60_000;

/** When it runs, or failed; nothing of one that runs. */
export const timeInWords = ({ state, dueAt }: JobView, now: Date): string | null => {
  const distance = fromNow(dueAt, now);
  switch (state) {
    case 'running':
      return null;
    case 'dead':
      return m.job_failed({ distance });
    case 'waiting':
      return isToCome(dueAt, now) ? m.job_next({ distance }) : m.job_due({ distance });
  }
};
