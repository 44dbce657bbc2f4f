import { isAction } from './audit-words.js';
import type { Action } from './audit-words.js';

/** What the audit is narrowed to. It stands in the address, so that it can be kept and sent. */
export interface AuditFilter {
  readonly action: Action | '';
  /** Id or name of who did it, whole. */
  readonly actor: string;
  /** Id of what it was done to, whole. */
  readonly subject: string;
}

export const filterIn = (query: URLSearchParams): AuditFilter => {
  const action = query.get('action') ?? '';
  return {
    action: isAction(action) ? action : '',
    actor: (query.get('actor') ?? '').slice(0, 128),
    subject: (query.get('subject') ?? '').slice(0, 64),
  };
};

export const isFiltering = ({ action, actor, subject }: AuditFilter): boolean =>
  action !== '' || actor !== '' || subject !== '';

/** As the API takes it: what is empty is not sent. */
export const queryOf = ({
  action,
  actor,
  subject,
}: AuditFilter): { action?: Action; actor?: string; subject?: string } => ({
  ...(action && { action }),
  ...(actor && { actor }),
  ...(subject && { subject }),
});
