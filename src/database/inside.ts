import type { TenantDatabase, TenantTransaction } from './database.ts';

/**
 * Returns the database for rules that are to run inside of a transaction: what they do in transactions of their own is
 * undone alone when they throw, and is committed with everything else.
 */
export function inside(tx: TenantTransaction): TenantDatabase {
  const { tenantId, agentId, query } = tx;
  const transaction: TenantDatabase['transaction'] = (work) => tx.savepoint(() => work(tx));
  return {
    tenantId,
    agentId,
    query,
    slowQuery: query,
    transaction,
    write: transaction,
    queueFor: () => ({ query, transaction }),
    longRead: (read) => read(),
    // Nothing is done for the caller, who then runs a statement of its own, in the transaction.
    batchedWrite: async () => null,
    announce: (name, event) => tx.announce(name, event),
    now: () => tx.now(),
    get models(): never {
      throw new Error('Inside of a transaction only its own models are used.');
    },
  };
}
