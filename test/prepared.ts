import { type Prepared, statementName } from '../src/database/statement.ts';

/** A text of a test's own, as a connection runs it. */
export const prepared = (text: string): Prepared => ({ name: statementName(text), text });
