/**
 * SQL that orders by a name: without regard to case and accents, the same on every database in every locale; names that differ in nothing
 * else come in the order of their bytes.
 */
const nameOrder = (name: string, key = `name_key(${name})`): readonly [key: string, bytes: string] => [
  `${key} collate "C"`,
  `${name} collate "C"`,
];

/** The same as a list for `order by`. */
export const orderByName = (name: string): string => nameOrder(name).join(', ');

/**
 * SQL that orders the `participant` under an alias by its name. The key is in the row, since to make it takes longer than to sort by it; only of rows
 * from before that have not got theirs yet is it made. There is an index on this.
 */
export const participantOrder = (alias: string): readonly [key: string, bytes: string] =>
  nameOrder(`${alias}.display_name`, `coalesce(${alias}.name_key, name_key(${alias}.display_name))`);

/** The same as a list for `order by`. */
export const orderByParticipant = (alias: string): string => participantOrder(alias).join(', ');
