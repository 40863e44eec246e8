/** Who makes changes, for the history that triggers write (docs/decisions/0043-history-by-triggers.md). */
export type Actor = {
  readonly kind: 'USER' | 'ACCESS_KEY' | 'AGENT_KEY' | 'SYSTEM';
  /** A token's subject, a key's id, or a job's. */
  readonly id: string | null;
  /** What a job is done for. Null for credentials, whose names are read when they are asked for. */
  readonly name: string | null;
  readonly requestId: string | null;
  /** What is being done. Each mutation of an operation sets it before its rule runs. */
  operation: string | null;
};

/** The service itself, for the given cause. */
export const system = (name: string, id: string | null = null): Actor => ({
  kind: 'SYSTEM',
  id,
  name,
  requestId: null,
  operation: null,
});

/** The service itself, where nothing says what for. */
export const nobody: Actor = { ...system(''), name: null };

/** The name of the prepared statement, and the statement, that tells a transaction who acts. */
export const actingName = 'rollcall_acting';
export const acting = `select set_config('rollcall.actor', $1, true)`;

/** The text that triggers read. */
export const actorText = ({ kind, id, name, operation, requestId }: Actor): string =>
  JSON.stringify({ kind, id, name, operation, requestId });
