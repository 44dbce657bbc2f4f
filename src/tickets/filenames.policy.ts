import { searchable } from '../database/search.js';

/**
 * The names of a ticket's archives in one text, each ended by a line feed, which no kept filename holds. So one column
 * is searched instead of a table that is three times as long and of another feature.
 */
const end = '\n';

export const asLine = (filename: string): string => filename + end;

/** Takes a name out once: another archive of the ticket may have the same. */
export const withoutLine = (lines: string, filename: string): string => {
  const line = asLine(filename);
  // Whole lines only: `a.zip` is not to be cut out of `data.zip`.
  const at = (end + lines).indexOf(end + line);
  return at === -1 ? lines : lines.slice(0, at) + lines.slice(at + line.length);
};

/** The newest name that holds what was searched for; null where none does. */
export const nameFoundBy = (q: string, lines: string): string | null => {
  const wanted = searchable(q);
  return (
    lines
      .split(end)
      .slice(0, -1)
      .findLast((name) => searchable(name).includes(wanted)) ?? null
  );
};
