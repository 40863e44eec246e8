import { type Fragment, join, name, sql } from './sql/fragment.ts';

/**
 * SQL that orders by a name: without regard to case and accents, the same on every database in every locale; names that differ in nothing
 * else come in the order of their bytes. `participant` is indexed by it.
 */
export const nameOrder = <Parameters>(given: Fragment<Parameters>): readonly Fragment<Parameters>[] =>
  [sql`name_key(${given}) collate "C"`, sql`${given} collate "C"`] as readonly Fragment<Parameters>[];

/** The same of a column, as a list for `order by`. */
export const orderByName = (column: string): Fragment => join(nameOrder(name(column)), ', ');
