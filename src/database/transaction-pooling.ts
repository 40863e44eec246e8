import { DatabaseSetupError } from './faults.ts';
import type { Session } from './session.ts';

const transactionPooling = () =>
  new DatabaseSetupError(
    'DATABASE_URL leads through a pooler that gives each transaction another connection (PgBouncer: pool_mode = transaction). Rollcall prepares statements and sets limits on its connections: use pool_mode = session, or connect to PostgreSQL itself.',
  );

/** Throws DatabaseSetupError when a pooler gives each transaction another connection. */
export async function refuseTransactionPooling(open: () => Session): Promise<void> {
  const [one, other] = [open(), open()];
  try {
    await Promise.all([one.connect(), other.connect()]);
    // A server tells its connections their process id. A pooler tells them something else.
    const isDirect = (session: Session) =>
      (session as unknown as { processID: number }).processID === session.facts?.pid;
    if (isDirect(one)) return;
    const pid = async (session: Session) =>
      (await session.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const first = await pid(one);
    await other.query('begin').catch((error: unknown) => {
      // PgBouncer's pool_mode = statement.
      throw (error as { code?: unknown }).code === '08P01' ? transactionPooling() : error;
    });
    const others = await pid(other);
    // While the other one holds a connection in its transaction, this one keeps its own, unless it has none.
    const then = first === others ? null : await pid(one);
    if (then !== first || first !== one.facts?.pid || others !== other.facts?.pid) throw transactionPooling();
  } finally {
    for (const session of [one, other]) session.end().catch(() => {});
  }
}
