import createClient from 'openapi-fetch';
import { base } from '../lib/base/base.js';
import { Failure, failureOf } from './problem.js';
import type { FailureCode } from './problem.js';
import type { paths } from './schema.js';

/** Why the session may not go on as it is: it ended, or the second factor is still to be proved. */
export type Interruption = 'signed-out' | 'second-factor';

const interruptions: Readonly<Partial<Record<FailureCode, Interruption>>> = {
  'credentials-missing': 'signed-out',
  'session-expired': 'signed-out',
  'second-factor-required': 'second-factor',
  'second-factor-enrolment-required': 'second-factor',
};

let whenInterrupted: (interruption: Interruption) => void = () => undefined;

/** The session listens here: a call anywhere can be the one that finds it ended. */
export const onInterruption = (listener: typeof whenInterrupted): void => {
  whenInterrupted = listener;
};

const client = createClient<paths>({ baseUrl: base.pathname, credentials: 'same-origin' });

client.use({
  async onResponse({ response }) {
    if (response.ok) return;
    const failure = await failureOf(response, new Date());
    const interruption = interruptions[failure.code];
    if (interruption) whenInterrupted(interruption);
    throw failure;
  },
  onError({ error }) {
    // An aborted call is not a failure: whoever aborted it knows.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    return new Failure('offline', '');
  },
});

/** The REST API, typed by docs/openapi.json. Every call goes through `answered`. */
export const api = client;

/** The body of a good answer. @throws Failure; DOMException AbortError where the caller's signal aborted it */
export const answered = async <Body>(call: Promise<{ readonly data?: Body }>): Promise<Body> => {
  const { data } = await call;
  // A 204 has no body, and its type says so.
  return data as Body;
};
