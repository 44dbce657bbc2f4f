import type { AuditEventView } from '../../api/schema.js';
import { m } from '../../paraglide/messages.js';

export type Action = AuditEventView['action'];

/** What was done, in words; a new action of the API is missed here by the compiler. */
const words = {
  'archive.stored': m.audit_archive_stored,
  'archive.upload-failed': m.audit_archive_upload_failed,
  'archive.downloaded': m.audit_archive_downloaded,
  'archive.deleted': m.audit_archive_deleted,
  'archive.expired': m.audit_archive_expired,
  'archive.damaged': m.audit_archive_damaged,
  'archive.digest-mismatch': m.audit_archive_digest_mismatch,
  'download-link.created': m.audit_download_link_created,
  'ticket.created': m.audit_ticket_created,
  'ticket.changed': m.audit_ticket_changed,
  'ticket.deleted': m.audit_ticket_deleted,
  'token.issued': m.audit_token_issued,
  'token.extended': m.audit_token_extended,
  'token.revoked': m.audit_token_revoked,
  'platform.created': m.audit_platform_created,
  'platform.changed': m.audit_platform_changed,
  'platform.deleted': m.audit_platform_deleted,
  'user.created': m.audit_user_created,
  'user.changed': m.audit_user_changed,
  'user.deleted': m.audit_user_deleted,
  'user.second-factor-reset': m.audit_user_second_factor_reset,
  'user.password-set': m.audit_user_password_set,
  'session.began': m.audit_session_began,
  'session.raised': m.audit_session_raised,
  'session.ended': m.audit_session_ended,
  'session.refused': m.audit_session_refused,
  'second-factor.enrolled': m.audit_second_factor_enrolled,
  'second-factor.refused': m.audit_second_factor_refused,
  'passkey.renamed': m.audit_passkey_renamed,
  'passkey.removed': m.audit_passkey_removed,
  'recovery-code.used': m.audit_recovery_code_used,
  'api-key.created': m.audit_api_key_created,
  'api-key.deleted': m.audit_api_key_deleted,
  'job.retried': m.audit_job_retried,
  'backup.restored': m.audit_backup_restored,
  'storage.strays-found': m.audit_storage_strays_found,
} as const satisfies Record<Action, () => string>;

export const actions = Object.keys(words) as readonly Action[];

export const isAction = (text: string): text is Action => Object.hasOwn(words, text);

/** One that a newer service knows and this page does not is shown as the API names it. */
export const actionInWords = (action: Action): string =>
  (words[action] as (() => string) | undefined)?.() ?? action;

/** What went wrong, and what somebody who reads an audit looks for first. */
const tones: Readonly<Partial<Record<Action, 'error' | 'warning'>>> = {
  'archive.upload-failed': 'warning',
  'archive.damaged': 'error',
  'archive.digest-mismatch': 'error',
  'session.refused': 'warning',
  'second-factor.refused': 'warning',
  'storage.strays-found': 'warning',
};

export const toneOf = (action: Action): 'error' | 'warning' | null => tones[action] ?? null;

/** People and keys by their names; the others have none. */
export const actorInWords = ({ kind, name }: AuditEventView['actor']): string => {
  switch (kind) {
    case 'customer':
      return m.audit_actor_customer();
    case 'stranger':
      return m.audit_actor_stranger();
    case 'system':
      return m.audit_actor_system();
    case 'person':
      return name;
    case 'integration':
      return m.audit_actor_integration({ name });
  }
};

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** What it was done to, as people know it: a number, a name, a file; the id where there is nothing better. */
export const subjectInWords = ({ subject, details }: AuditEventView): string => {
  const ticket = textOf(details['ticket']);
  const named =
    textOf(details['filename']) ?? textOf(details['username']) ?? textOf(details['name']);
  const known = [named, ticket].filter((part) => part !== null).join(' · ');
  return known || (subject.id ?? '');
};

/** The page that shows it; null where it is gone, or has none. */
export const ticketOf = ({ subject, details, action }: AuditEventView): string | null => {
  if (action === 'ticket.deleted') return null;
  return subject.kind === 'ticket' ? subject.id : textOf(details['ticket']);
};

export const valueInWords = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
