import { Problem, type Violation } from '../errors/catalogue.ts';
import { isTimestamp } from './pages.ts';
import { nullable, type SqlType } from './sql/types.ts';

/** A timestamp as a parameter, in the spelling of toISOString. */
export const instant: SqlType<string | null> = nullable({ name: 'timestamp with time zone', isNullable: false });

/**
 * Returns the timestamps of a filter for its statement. Throws VALIDATION_FAILED for one that PostgreSQL and JavaScript
 * do not both have.
 */
export function instantsOf<Name extends string>(
  given: Readonly<Partial<Record<Name, Date | null | undefined>>>,
  names: readonly Name[],
): Record<Name, string | null> {
  const errors: Violation[] = [];
  const entries = names.map((field) => {
    const value = given[field];
    if (value == null) return [field, null];
    const spelled = Number.isNaN(value.getTime()) ? '' : value.toISOString();
    if (!isTimestamp(spelled))
      errors.push({ path: ['filter', field], message: 'must be a time of the years 1 to 9999' });
    return [field, spelled];
  });
  if (errors[0]) throw new Problem('VALIDATION_FAILED', `${errors[0].path.at(-1)} ${errors[0].message}`, { errors });
  return Object.fromEntries(entries);
}
