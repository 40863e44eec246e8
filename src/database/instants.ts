import { Problem, type Violation } from '../errors/catalogue.ts';
import { isTimestamp } from './pages.ts';
import type { SqlType } from './sql/types.ts';

/** A timestamp as a parameter, in the spelling of toISOString, or one of PostgreSQL's infinities. */
export const instant: SqlType<string> = { name: 'timestamp with time zone', isNullable: false };

/** What begins and ends a span of time, by the names of a filter's fields. */
export type Span = `${string}After` | `${string}Before`;

/**
 * Returns the ends of a filter's spans for its statement. A span without an end is without a bound there. Throws
 * VALIDATION_FAILED for a timestamp that PostgreSQL and JavaScript do not both have.
 */
export function instantsOf<Name extends Span>(
  given: Readonly<Partial<Record<Name, Date | null | undefined>>>,
  names: readonly Name[],
): Record<Name, string> {
  const errors: Violation[] = [];
  const entries = names.map((field) => {
    const value = given[field];
    if (value == null) return [field, field.endsWith('After') ? '-infinity' : 'infinity'];
    const spelled = Number.isNaN(value.getTime()) ? '' : value.toISOString();
    if (!isTimestamp(spelled))
      errors.push({ path: ['filter', field], message: 'must be a time of the years 1 to 9999' });
    return [field, spelled];
  });
  if (errors[0]) throw new Problem('VALIDATION_FAILED', `${errors[0].path.at(-1)} ${errors[0].message}`, { errors });
  return Object.fromEntries(entries);
}
