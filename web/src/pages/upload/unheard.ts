import { answered, api } from '../../api/client.js';
import { failureFrom } from '../../lib/state/loaded.svelte.js';
import type { FailureCode } from '../../api/problem.js';
import { idempotencyKey } from './idempotency-key.js';
import { proof } from './token.js';

const againMs = 5_000;

const header = { 'Tus-Resumable': '1.0.0' } as const;

const base64 = (text: string): string =>
  btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

/** The id of the upload that was begun with this file's key, or is begun now. */
const idOf = async (token: string, file: File): Promise<string | undefined> => {
  const { headers, credentials } = proof(token);
  const { response } = await api.POST('/api/v1/uploads', {
    params: { header },
    credentials,
    headers: {
      ...headers,
      'Idempotency-Key': idempotencyKey(file),
      'Upload-Length': String(file.size),
      'Upload-Metadata': `filename ${base64(file.name)}`,
    },
  });
  return /\/uploads\/([\w-]+)$/.exec(response.headers.get('Location') ?? '')?.[1];
};

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, againMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/**
 * Ends an upload whose creation was called off before its answer came: the service may have begun it all the same, and
 * would keep its attempt for a day. The same creation, sent again, tells its address by the key. Tried until the service
 * has answered, or `signal` says that the file is wanted again.
 * @param passing refusals that only time cures
 */
export const endUnheard = async (
  token: string,
  file: File,
  passing: ReadonlySet<FailureCode>,
  signal: AbortSignal,
): Promise<void> => {
  do {
    try {
      const id = await idOf(token, file);
      // Aborted by now: who wants the file again goes on with this very upload.
      if (id === undefined || signal.aborted) return;
      await answered(
        api.DELETE('/api/v1/uploads/{id}', { params: { path: { id }, header }, ...proof(token) }),
      );
      return;
    } catch (cause) {
      // Refused: then there is nothing that could be ended.
      if (!passing.has(failureFrom(cause).code)) return;
      await pause(signal);
    }
  } while (!signal.aborted);
};
