import type { CallerOf, Scope } from '../http/allow.js';
import type { OverviewView, TroubleKind, TroubleView } from './overview.dto.js';

const nothing: Omit<TroubleView, 'kind'> = {
  ticket: null,
  archiveId: null,
  filename: null,
  reason: null,
  bytes: null,
  declaredBytes: null,
  times: null,
  at: null,
};

export const trouble = (
  kind: TroubleKind,
  known: Partial<Omit<TroubleView, 'kind'>> = {},
): TroubleView => ({ ...nothing, ...known, kind });

export interface FailedUpload {
  readonly ticket: string;
  readonly filename: string | null;
  readonly reason: string | null;
  readonly bytes: number | null;
  readonly declaredBytes: number | null;
  readonly endedAt: Date;
}

/** One trouble a ticket: whoever failed ten times has one. @param failures newest first */
export const failuresByTicket = (failures: readonly FailedUpload[]): readonly TroubleView[] => {
  const newest = new Map<string, TroubleView>();
  for (const { ticket, endedAt, ...known } of failures) {
    const newer = newest.get(ticket);
    newest.set(
      ticket,
      newer
        ? { ...newer, times: (newer.times ?? 0) + 1 }
        : trouble('upload-failed', { ...known, ticket, times: 1, at: endedAt.toISOString() }),
    );
  }
  return [...newest.values()];
};

/** Failures that ended in a locked token are that trouble, and no second one. */
export const withoutRepetition = (troubles: readonly TroubleView[]): readonly TroubleView[] => {
  const locked = new Set(
    troubles.filter(({ kind }) => kind === 'token-locked').map(({ ticket }) => ticket),
  );
  return troubles.filter(({ kind, ticket }) => kind !== 'upload-failed' || !locked.has(ticket));
};

/** What concerns everybody comes first. */
const ofArchives: readonly TroubleKind[] = ['archive-mismatched', 'archive-damaged'];
const ofStorage: readonly TroubleKind[] = ['storage-down', 'space-exhausted', 'space-short'];

const may = (caller: CallerOf, scope: Scope): boolean =>
  caller.kind === 'person' || (caller.kind === 'integration' && caller.scopes.includes(scope));

/** What of it the caller may see: a key gets by its scopes here what it could ask for elsewhere, and no more. */
export const visibleTo = (caller: CallerOf, view: OverviewView): OverviewView => {
  const archives = may(caller, 'archives:read');
  const storage = may(caller, 'storage:read');
  if (archives && storage) return view;
  const hidden = new Set([...(archives ? [] : ofArchives), ...(storage ? [] : ofStorage)]);
  const items = view.troubles.items.filter(({ kind }) => !hidden.has(kind));
  return {
    ...view,
    archives: archives ? view.archives : null,
    room: storage ? view.room : null,
    troubles: { ...view.troubles, items, count: items.length },
  };
};
