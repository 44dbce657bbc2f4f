const refusing = 'audit_events_append_only';
const refusal = `'audit_events is append-only'`;

const said =
  'id, at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, address, request_id, details, mac';

/**
 * What an event says is never changed, its place in the chain is given once, and it is never deleted. This stops
 * mistakes; whoever owns the database can drop the triggers, and is found by the chain of hashes.
 */
export const appendOnly = (isPostgres: boolean): string[] => {
  const refuse = isPostgres
    ? `EXECUTE FUNCTION ${refusing}()`
    : `BEGIN SELECT RAISE(ABORT, ${refusal}); END`;
  const trigger = (name: string, before: string, each = 'ROW') =>
    `CREATE TRIGGER tr_audit_events_${name} BEFORE ${before} ON audit_events FOR EACH ${each}`;
  const triggers = [
    `${trigger('changed', `UPDATE OF ${said}`)} ${refuse}`,
    `${trigger('resealed', 'UPDATE OF seq, hash')} WHEN (OLD.seq IS NOT NULL) ${refuse}`,
    `${trigger('deleted', 'DELETE')} ${refuse}`,
  ];
  if (!isPostgres) return triggers;
  return [
    `CREATE FUNCTION ${refusing}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION ${refusal}; END $$`,
    ...triggers,
    `${trigger('truncated', 'TRUNCATE', 'STATEMENT')} ${refuse}`,
  ];
};

/** On PostgreSQL the triggers go with their table, and the function does not. */
export const dropAppendOnly = `DROP FUNCTION ${refusing}()`;
