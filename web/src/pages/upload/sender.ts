import Uppy from '@uppy/core';
import Tus from '@uppy/tus';
import type { TusBody, TusDetailedError, TusOptions as Options } from '@uppy/tus';
import { Failure, failureOf } from '../../api/problem.js';
import type { FailureCode } from '../../api/problem.js';
import { base } from '../../lib/base/base.js';
import { idempotencyKey } from './idempotency-key.js';
import { instanceOf } from './unfinished.js';
import { endUnheard } from './unheard.js';

// Uppy and tus are loaded with this module, once a file is chosen.

/** What becomes of a file, by the id that `add` gave it. */
export interface Sending {
  progressed(id: string, sent: number): void;
  /** The line broke, or the service asks for patience: it is tried again by itself. */
  lost(id: string, failure: Failure): void;
  sent(id: string, archiveId: string | null): void;
  failed(id: string, failure: Failure): void;
  /** An upload was ended on the service, and its attempt given back. */
  ended(): void;
}

export interface Sender {
  /** Resolves when no cancelled upload of this file is left that would be mistaken for the new one. */
  free(file: File): Promise<void>;
  /** Begins to send it. @returns null where it is being sent already */
  add(file: File): string | null;
  pause(id: string): void;
  resume(id: string): void;
  retry(id: string): void;
  /** Ends it for good; what has arrived goes. */
  cancel(id: string): void;
}

/** Waits between tries that brought nothing; each byte that arrives begins them anew. So it goes on for hours. */
const retryDelays = [500, 1_000, 3_000, 5_000, ...Array<number>(1_000).fill(10_000)];

/** At the same moment; the others wait. */
const atOnce = 2;

/** Refusals that only time cures, or another look at how far it has come. */
const passing: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'offline',
  'unreadable-answer',
  'upload-stalled',
  'upload-offset-mismatch',
  'upload-busy',
  'request-in-progress',
  'rate-limited',
  'internal-error',
  'shutting-down',
  'database-unavailable',
  'storage-unavailable',
  'too-many-uploads',
]);

type FileMeta = Record<string, unknown>;
type TusOptions = Options<FileMeta, TusBody>;

const failureIn = async (xhr: XMLHttpRequest | null | undefined): Promise<Failure> => {
  if (!xhr || xhr.status === 0) return new Failure('offline', '');
  const retryAfter = xhr.getResponseHeader('Retry-After');
  const headers: HeadersInit = retryAfter === null ? {} : { 'Retry-After': retryAfter };
  return failureOf(new Response(xhr.responseText, { status: xhr.status, headers }), new Date());
};

const xhrOf = (error: TusDetailedError): XMLHttpRequest | null =>
  (error.originalResponse?.getUnderlyingObject() as XMLHttpRequest | undefined) ?? null;

const codeIn = (xhr: XMLHttpRequest | null): FailureCode => {
  if (!xhr || xhr.status === 0) return 'offline';
  try {
    return (JSON.parse(xhr.responseText) as { readonly code: FailureCode }).code;
  } catch {
    return 'unreadable-answer';
  }
};

// Uppy would write of each broken line into the console.
const quiet = { debug: () => undefined, warn: () => undefined, error: () => undefined };

/** Sends files by tus; each is one attempt, however often the line breaks. */
export const startSender = (token: string, ticket: string, sending: Sending): Sender => {
  const uppy = new Uppy<FileMeta, TusBody>({
    id: instanceOf(ticket),
    autoProceed: true,
    logger: quiet,
  });
  uppy.use(Tus, {
    endpoint: new URL('api/v1/uploads', base).href,
    headers: ({ data }) => {
      const headers: Record<string, string> = { 'Upload-Token': token };
      if (data instanceof File) headers['Idempotency-Key'] = idempotencyKey(data);
      return headers;
    },
    limit: atOnce,
    retryDelays,
    removeFingerprintOnSuccess: true,
    allowedMetaFields: ['name'],
  });
  uppy.on('upload-progress', (file, { bytesUploaded }) => {
    if (file) sending.progressed(file.id, bytesUploaded);
  });
  uppy.on('upload-success', (file, { body }) => {
    if (file) sending.sent(file.id, body?.xhr.getResponseHeader('Archive-Id') ?? null);
  });
  uppy.on('upload-error', (file, _error, response) => {
    if (!file) return;
    const { id } = file;
    void failureIn(response?.body?.xhr).then((failure) => sending.failed(id, failure));
  });
  const retrying =
    (id: string): NonNullable<TusOptions['onShouldRetry']> =>
    (error, _attempt, _options, decide) => {
      const xhr = xhrOf(error);
      if (!passing.has(codeIn(xhr))) return false;
      void failureIn(xhr).then((failure) => sending.lost(id, failure));
      // It makes room in the queue, too, and waits while the browser is offline.
      decide(error);
      return true;
    };
  /** Files whose upload was to be created, and nothing was heard yet. */
  const unheard = new Set<string>();
  const hearing = (id: string): Pick<TusOptions, 'onBeforeRequest' | 'onAfterResponse'> => ({
    onBeforeRequest: (request) => {
      if (request.getMethod() === 'POST') unheard.add(id);
    },
    onAfterResponse: (request) => {
      if (request.getMethod() === 'POST') unheard.delete(id);
      if (request.getMethod() === 'DELETE') sending.ended();
    },
  });
  /** What is being ended, by the files' keys. */
  const ending = new Map<
    string,
    { readonly abort: AbortController; readonly over: Promise<void> }
  >();
  const end = (file: File): void => {
    const key = idempotencyKey(file);
    const abort = new AbortController();
    const over = endUnheard(token, file, passing, abort.signal).then(() => {
      ending.delete(key);
      sending.ended();
    });
    ending.set(key, { abort, over });
  };
  return {
    free: async (file) => {
      const one = ending.get(idempotencyKey(file));
      one?.abort.abort();
      await one?.over;
    },
    add: (file) => {
      try {
        const { name, type } = file;
        const id = uppy.addFile({ name, type, data: file, source: 'page' });
        // Of this file alone, so that the page hears which line broke.
        uppy.setFileState(id, { tus: { onShouldRetry: retrying(id), ...hearing(id) } });
        return id;
      } catch {
        return null;
      }
    },
    pause: (id) => {
      if (uppy.getFile(id).isPaused !== true) uppy.pauseResume(id);
    },
    resume: (id) => {
      if (uppy.getFile(id).isPaused === true) uppy.pauseResume(id);
    },
    retry: (id) => void uppy.retryUpload(id).catch(() => undefined),
    cancel: (id) => {
      const { data } = uppy.getFile(id);
      // Uppy ends what has an address, and calls off what has none yet.
      uppy.removeFile(id);
      if (unheard.delete(id) && data instanceof File) end(data);
    },
  };
};
