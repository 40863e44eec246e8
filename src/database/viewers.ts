import type { Value } from './connection.ts';
import type { TenantDatabase } from './database.ts';
import { batchedRead, type Statement, tenantStatement } from './statement.ts';

/**
 * A statement as two: for viewers who see all conversations, and for those who see one agent's, which takes the agent as its last
 * parameter. One condition on an agent that may be null would do for both, but it hides that most often there is none: for most such statements
 * PostgreSQL keeps no plan, and makes one each time.
 */
export type ViewerStatement<Row> = { readonly all: Statement<Row>; readonly ofAgent: Statement<Row> };

/** Makes both of a text: with null, and with the last parameter. */
export const viewerStatement = <Row>(
  last: `$${number}`,
  text: (agent: string | null) => string,
): ViewerStatement<Row> => ({
  all: tenantStatement(text(null)),
  ofAgent: tenantStatement(text(last)),
});

/** Both as batched reads. */
export const viewerBatchedRead = <Row>({ all, ofAgent }: ViewerStatement<Row>): ViewerStatement<Row> => ({
  all: batchedRead(all),
  ofAgent: batchedRead(ofAgent),
});

/** Runs the one that is for this viewer, with the parameters before the last. */
export const queryAsViewer = <Row>(
  db: Pick<TenantDatabase, 'agentId' | 'query'>,
  { all, ofAgent }: ViewerStatement<Row>,
  ...values: Value[]
): Promise<Row[]> => (db.agentId === null ? db.query(all, ...values) : db.query(ofAgent, ...values, db.agentId));
