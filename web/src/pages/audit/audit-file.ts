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
] as const satisfies readonly (readonly [string, (event: AuditEventView) => string | null])[];

/** A spreadsheet would take these for formulas (OWASP, CSV injection); with the sign before them they are text. */
const neutral = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

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
