import { type Fragment, join, name, sql } from './sql/fragment.ts';

/**
 * SQL that orders by a name without case and accents, the same on every database and locale. Names that differ in
 * nothing else follow the order of their bytes. The key is made of the name unless it is given.
 */
export const nameOrder = <Parameters>(
  given: Fragment<Parameters>,
  key: Fragment<Parameters> = sql`name_key(${given})` as Fragment<Parameters>,
): readonly Fragment<Parameters>[] =>
  [sql`${key} collate "C"`, sql`${given} collate "C"`] as readonly Fragment<Parameters>[];

/** The same of a column, as a list for `order by`. */
export const orderByName = (column: string): Fragment => join(nameOrder(name(column)), ', ');

/**
 * The key of the `participant` under an alias. It is stored, since to make it takes longer than to sort by it. An old
 * row has none until the backfill comes to it, so its key is made.
 */
export const participantNameKey = (alias: string): Fragment =>
  sql`coalesce(${name(`${alias}.name_key`)}, name_key(${name(`${alias}.display_name`)}))`;

/** The order of the `participant` under an alias, as a list for `order by`. There is an index on it. */
export const orderByParticipant = (alias: string): Fragment =>
  join(nameOrder(name(`${alias}.display_name`), participantNameKey(alias)), ', ');
