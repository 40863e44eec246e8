import { problemBehind } from '../database/failures.ts';
import type { Problem } from '../errors/catalogue.ts';
import type { Overlaps } from './overlaps.ts';

/**
 * A row that has its fields, and its number among the batch's rows. `createdAt` is when another system has made it.
 * Only the command that moves a tenant says so, never a file: who may import could give rows any age then.
 */
export type Given = { line: number; fields: Readonly<Record<string, unknown>>; createdAt?: Date };

export type OnConflict = 'SKIP' | 'UPDATE' | 'FAIL';

/** A row that was refused: its line, the field that is wrong, and why. */
export type Rejection = { line: number; field: string | null; reason: string };

/** What became of rows. */
export type Outcome = { created: number; updated: number; unchanged: number; rejected: Rejection[] };

/** Why a row is refused, with FAIL, of whose id somebody was merged away. */
export const isMerged = 'was merged into another';

export const noOutcome = (): Outcome => ({ created: 0, updated: 0, unchanged: 0, rejected: [] });

/** Adds what became of other rows. */
export function addTo(outcome: Outcome, { created, updated, unchanged, rejected }: Outcome): void {
  outcome.created += created;
  outcome.updated += updated;
  outcome.unchanged += unchanged;
  outcome.rejected.push(...rejected);
}

/** What an import of rows needs to know. */
export type Writing = {
  onConflict: OnConflict;
  /** Called with what nobody expected of a row, which is refused. */
  unexpected(error: unknown): void;
  /** The rows of the whole file. Those that update one user are taken by what is left in the end. */
  file?: Pick<Overlaps<Given>, 'around' | 'naming'>;
};

/** The rules' words about a row, and the field that they are about. */
function reasonOf({ errors, message }: Problem): Omit<Rejection, 'line'> {
  const [first] = errors ?? [];
  const path = first?.path[0] === 'input' ? first.path.slice(1) : (first?.path ?? []);
  return { field: path.join('.') || null, reason: first?.message ?? message };
}

/**
 * Says why a row is refused. Throws the error where it is none of the row's: an outage ends the batch, and all its rows
 * are tried again.
 */
export function refusal(line: number, error: unknown, { unexpected }: Pick<Writing, 'unexpected'>): Rejection {
  const problem = problemBehind(error);
  if (problem.code === 'UNAVAILABLE') throw error;
  if (problem.code !== 'INTERNAL') return { line, ...reasonOf(problem) };
  unexpected(error);
  return { line, field: null, reason: 'could not be written: the service’s log says why' };
}
