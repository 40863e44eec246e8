import { type Fragment, join, name, sql } from './sql/fragment.ts';

/**
 * SQL that orders by a name without case and accents, the same on every database and locale. Names that differ in
 * nothing else follow the order of their bytes. `participant` has an index on it.
 */
export const nameOrder = <Parameters>(given: Fragment<Parameters>): readonly Fragment<Parameters>[] =>
  [sql`name_key(${given}) collate "C"`, sql`${given} collate "C"`] as readonly Fragment<Parameters>[];

/** The same of a column, as a list for `order by`. */
export const orderByName = (column: string): Fragment => join(nameOrder(name(column)), ', ');
