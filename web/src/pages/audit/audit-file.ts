import type { AuditEventView } from '../../api/schema.js';

/** A file that the audit is written to, page by page. */
export interface AuditFile {
  readonly type: string;
  readonly ending: string;
  readonly head: string;
  readonly line: (event: AuditEventView) => string;
}

const columns = [
  ['at', (event) => event.at],
  ['actor', (event) => event.actor.name],
  ['actorKind', (event) => event.actor.kind],
  ['actorId', (event) => event.actor.id],
  ['action', (event) => event.action],
  ['subjectKind', (event) => event.subject.kind],
  ['subjectId', (event) => event.subject.id],
  ['address', (event) => event.address],
  ['requestId', (event) => event.requestId],
  ['details', (event) => JSON.stringify(event.details)],
  ['id', (event) => event.id],
  ['seq', (event) => event.seq?.toString() ?? null],
  ['hash', (event) => event.hash],
] as const satisfies readonly (readonly [string, (event: AuditEventView) => string | null])[];

/**
 * A spreadsheet would take these for formulas (OWASP, CSV injection); with an apostrophe before them they are text.
 * Not only where a cell begins: a spreadsheet that separates by semicolons, as in half of Europe, or by tabs, or that
 * minds no quotes about a line's end, begins another cell in the middle of ours.
 */
const neutral = (text: string): string =>
  text
    .replace(/([;\t\r\n][\s"']*)(?=[=+\-@＝＋－＠])/g, "$1'")
    .replace(/^(?=\s*[=+\-@＝＋－＠]|[\t\r\n])/, "'");

/** RFC 4180: quoted where it must be, a quote doubled. */
const cell = (text: string): string => {
  const safe = neutral(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const row = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`;

export const files = {
  csv: {
    type: 'text/csv;charset=utf-8',
    ending: 'csv',
    // The mark by which spreadsheets know UTF-8.
    head: `\uFEFF${row(columns.map(([name]) => name))}`,
    line: (event) => row(columns.map(([, valueOf]) => valueOf(event) ?? '')),
  },
  jsonLines: {
    type: 'application/jsonl',
    ending: 'jsonl',
    head: '',
    line: (event) => `${JSON.stringify(event)}\n`,
  },
} as const satisfies Record<string, AuditFile>;
