import type { Role } from '../http/allow.js';

/** What it was done to, and facts about the deed; never a secret. */
interface WithDetails<Kind extends string, Details, Id extends string | null = string> {
  readonly subject: { readonly kind: Kind; readonly id: Id };
  readonly details: Readonly<Details>;
}

/** The same, where the name may say it all. */
interface WithOptionalDetails<Kind extends string, Details = Record<string, never>> {
  readonly subject: { readonly kind: Kind; readonly id: string };
  readonly details?: Readonly<Details>;
}

interface ArchiveEvents {
  'archive.stored': WithDetails<
    'archive',
    { ticket: string; filename: string; size: number; sha256: string }
  >;
  /** There is no archive: the token is what it was tried with. */
  'archive.upload_failed': WithDetails<'token', { ticket: string; reason: string }>;
  /** `link` where a download link was used, `range` where a part was asked for, as `first-last`. */
  'archive.downloaded': WithDetails<'archive', { ticket: string; link?: true; range?: string }>;
  'archive.deleted': WithDetails<'archive', { ticket: string; filename: string; size: number }>;
  /** Deleted by the platform's retention. */
  'archive.expired': WithDetails<'archive', { ticket: string; filename: string; size: number }>;
  'archive.damaged': WithDetails<'archive', { kind: 'changed' | 'missing'; filename: string }>;
  /** A side-car names another digest than the stored bytes have. */
  'archive.digest_mismatch': WithDetails<
    'archive',
    { ticket: string; algorithm: 'md5' | 'sha256'; claimed: string; stored: string }
  >;
  'download_link.created': WithDetails<'archive', { ticket: string }>;
}

/** A ticket's subject id is its number. */
interface TicketEvents {
  'ticket.created': WithDetails<'ticket', { platform: string }>;
  /** `note` where it was changed: what it says stays out. */
  'ticket.changed': WithDetails<'ticket', { resolved?: boolean; note?: true }>;
  /** `archives` and `bytes` are what went with it. */
  'ticket.deleted': WithDetails<'ticket', { archives: number; bytes: number }>;
  'token.issued': WithDetails<'token', { ticket: string; attempts: number; expiresAt: string }>;
  /** `lifetime` in seconds; null where it was left as it was. */
  'token.extended': WithDetails<
    'token',
    { ticket: string; attempts: number | null; lifetime: number | null }
  >;
  'token.revoked': WithDetails<'token', { ticket: string }>;
}

/** Those that were sent; null cleared a limit. */
type PlatformChanges = Partial<
  Record<
    'title' | 'maxUploadBytes' | 'tokenAttempts' | 'tokenLifetime' | 'quotaBytes' | 'retentionDays',
    string | number | null
  >
>;

/** A platform's subject id is its name. */
interface PlatformEvents {
  'platform.created': WithOptionalDetails<'platform'>;
  'platform.changed': WithDetails<'platform', PlatformChanges>;
  'platform.deleted': WithOptionalDetails<'platform'>;
}

interface UserEvents {
  'user.created': WithDetails<'user', { username: string; role: Role }>;
  'user.changed': WithDetails<'user', { username: string; role: Role; disabled: boolean }>;
  'user.deleted': WithDetails<'user', { username: string }>;
  'user.second_factor_reset': WithDetails<'user', { username: string }>;
  'user.password_set': WithDetails<'user', { username: string }>;
}

/** What people do with their own accounts. */
interface AccountEvents {
  /** Without details: by password. */
  'session.began': WithOptionalDetails<'user', { method: 'passkey' }>;
  /** To AAL2. Without details: by a code. */
  'session.raised': WithOptionalDetails<'user', { method: 'passkey' }>;
  /** `own`: signed out, rather than ended from another session. */
  'session.ended': WithDetails<'user', { own: boolean }>;
  /** The id is null and the username left out where there is no such user: it may be a password typed into its place. */
  'session.refused': WithDetails<
    'user',
    { username?: string; method?: 'passkey'; reason?: string },
    string | null
  >;
  /** `again` where there was one before. */
  'second_factor.enrolled': WithDetails<
    'user',
    { method: 'totp'; again: boolean } | { method: 'passkey'; name: string; again: boolean }
  >;
  /** Without details: a code. */
  'second_factor.refused': WithOptionalDetails<'user', { method: 'passkey'; reason: string }>;
  'passkey.renamed': WithDetails<'user', { name: string }>;
  'passkey.removed': WithDetails<'user', { name: string }>;
  'recovery_code.used': WithDetails<'user', { left: number }>;
  /** `scopes` separated by blanks. */
  'api_key.created': WithDetails<
    'api-key',
    { name: string; scopes: string; expiresAt: string | null }
  >;
  'api_key.deleted': WithDetails<'api-key', { name: string }>;
}

interface ServiceEvents {
  /** A dead job, which an operator lets run again; `kind` and `subject` are the job's. */
  'job.retried': WithDetails<'job', { kind: string; subject: string | null }>;
  /** The id is the backup's name. */
  'backup.restored': WithDetails<'backup', { archives: number; bytes: number }>;
  /** Files without a record; `files` names the first of them. */
  'storage.strays_found': WithDetails<'storage', { count: number; files: string }, null>;
}

/** Everything that happens, by its name: `noun.deed_with_underscores`, in the past tense. Names are stable. */
export interface Events
  extends ArchiveEvents, TicketEvents, PlatformEvents, UserEvents, AccountEvents, ServiceEvents {}

export type EventName = keyof Events;

/** One that happened; without a name, any: `switch (event.name)` tells which. */
export type DomainEvent<Name extends EventName = EventName> = {
  readonly [One in Name]: { readonly name: One } & Events[One];
}[Name];

/** For helpers that add the subject. */
export type WithoutSubject<Name extends EventName> = {
  readonly [One in Name]: Omit<DomainEvent<One>, 'subject'>;
}[Name];
