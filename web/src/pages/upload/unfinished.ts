/**
 * What tus-js-client keeps in localStorage of uploads that have begun: their address, never the token. The key begins
 * with the id that Uppy gives a file, and that with the ticket.
 */
export interface Unfinished {
  readonly key: string;
  readonly id: string;
  readonly filename: string;
}

/** So long the service keeps what has arrived, unless it is told otherwise (UPLOAD_EXPIRY). */
const keptMs = 24 * 60 * 60 * 1000;

/** Name of the Uppy instance, and so the beginning of its files' ids. No ticket's number has a colon. */
export const instanceOf = (ticket: string): string => `ticket:${ticket}:`;

const entryOf = (key: string): Unfinished | null => {
  try {
    const entry = JSON.parse(localStorage.getItem(key) ?? '') as {
      readonly uploadUrl: string;
      readonly creationTime: string;
      readonly metadata: { readonly filename: string };
    };
    const id = /\/uploads\/([\w-]+)$/.exec(entry.uploadUrl)?.[1];
    if (id === undefined || Date.now() - Date.parse(entry.creationTime) > keptMs) return null;
    return { key, id, filename: entry.metadata.filename };
  } catch {
    return null;
  }
};

/**
 * Uploads that have begun in this browser and have not ended. Forgets those that are too old to go on with.
 * @param file id that Uppy gives a file, or the ticket's `instanceOf` for all of its
 */
export const unfinished = (file: string): readonly Unfinished[] => {
  let keys: string[];
  try {
    keys = Object.keys(localStorage).filter((key) => key.startsWith(`tus::tus-${file}-`));
  } catch {
    // A browser may refuse its storage altogether; then nothing was kept.
    return [];
  }
  return keys.flatMap((key) => {
    const entry = entryOf(key);
    if (!entry) localStorage.removeItem(key);
    return entry ?? [];
  });
};

export const forget = ({ key }: Unfinished): void => localStorage.removeItem(key);
