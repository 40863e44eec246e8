/**
 * SQL that orders by a name: without regard to case and accents, the same on every database in every locale; names that differ in nothing
 * else come in the order of their bytes. `participant` is indexed by it.
 */
export const nameOrder = (name: string): readonly [key: string, bytes: string] => [
  `name_key(${name}) collate "C"`,
  `${name} collate "C"`,
];

/** The same as a list for `order by`. */
export const orderByName = (name: string): string => nameOrder(name).join(', ');
