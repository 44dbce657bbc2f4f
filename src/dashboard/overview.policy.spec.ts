import { countedTo, excerpt } from './excerpt.policy.js';
import { failuresByTicket, trouble, visibleTo, withoutRepetition } from './overview.policy.js';
import type { OverviewView } from './overview.dto.js';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 12, minute));

describe('an excerpt', () => {
  it('shows the first few and counts the rest', () => {
    expect(excerpt([1, 2, 3], 2)).toEqual({ items: [1, 2], count: 3, isMore: false });
    expect(excerpt([], 2)).toEqual({ items: [], count: 0, isMore: false });
  });

  it('counts no further than it said', () => {
    const many = Array.from({ length: countedTo + 1 }, (_, index) => index);
    expect(excerpt(many, 1)).toEqual({ items: [0], count: countedTo, isMore: true });
    expect(excerpt(many.slice(1), 1)).toMatchObject({ count: countedTo, isMore: false });
  });
});

describe('failed uploads', () => {
  const failure = (ticket: string, filename: string | null, minute: number) => ({
    ticket,
    filename,
    reason: 'upload-stalled',
    bytes: 7,
    declaredBytes: 9,
    endedAt: at(minute),
  });

  it('are one trouble a ticket, told by the newest', () => {
    expect(
      failuresByTicket([failure('A', 'new.zip', 3), failure('B', null, 2), failure('A', 'old', 1)]),
    ).toEqual([
      trouble('upload-failed', {
        ticket: 'A',
        filename: 'new.zip',
        reason: 'upload-stalled',
        bytes: 7,
        declaredBytes: 9,
        times: 2,
        at: at(3).toISOString(),
      }),
      trouble('upload-failed', {
        ticket: 'B',
        reason: 'upload-stalled',
        bytes: 7,
        declaredBytes: 9,
        times: 1,
        at: at(2).toISOString(),
      }),
    ]);
  });

  it('that locked the token are the locked token', () => {
    const locked = trouble('token-locked', { ticket: 'A' });
    const failed = failuresByTicket([failure('A', null, 1), failure('B', null, 1)]);
    expect(
      withoutRepetition([locked, ...failed]).map(({ kind, ticket }) => [kind, ticket]),
    ).toEqual([
      ['token-locked', 'A'],
      ['upload-failed', 'B'],
    ]);
  });
});

describe('what a caller sees', () => {
  const view = {
    archives: [],
    room: {},
    troubles: excerpt(
      [trouble('archive-damaged'), trouble('storage-down'), trouble('upload-failed')],
      9,
    ),
  } as unknown as OverviewView;
  const key = (...scopes: ('tickets:read' | 'archives:read' | 'storage:read')[]) =>
    visibleTo({ kind: 'integration', keyId: 'k', name: 'k', scopes }, view);

  it('is everything for whoever has the scopes', () => {
    expect(key('tickets:read', 'archives:read', 'storage:read')).toBe(view);
  });

  it('is less for a key that may read tickets alone', () => {
    const seen = key('tickets:read');
    expect(seen).toMatchObject({ archives: null, room: null });
    expect(seen.troubles).toEqual(excerpt([trouble('upload-failed')], 9));
    expect(key('tickets:read', 'storage:read')).toMatchObject({ archives: null, room: {} });
  });
});
