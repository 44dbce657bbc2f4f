import type { ApiKeyView } from '../../api/schema.js';
import { m } from '../../paraglide/messages.js';

export type Scope = ApiKeyView['scopes'][number];

/** What each allows, in the order of the form; one that the API adds is missed here by the compiler. */
export const scopeMeanings: Readonly<Record<Scope, () => string>> = {
  'platforms:read': m.scope_platforms_read,
  'platforms:write': m.scope_platforms_write,
  'tickets:read': m.scope_tickets_read,
  'tickets:write': m.scope_tickets_write,
  'archives:read': m.scope_archives_read,
  'archives:delete': m.scope_archives_delete,
  'storage:read': m.scope_storage_read,
};

export const allScopes = Object.keys(scopeMeanings) as Scope[];
