import { type Fragment, sql } from './fragment.ts';

/** The condition that two e-mail addresses are the same without case. Their digest has an index. */
export const sameEmail = <Parameters>(column: Fragment, other: Fragment<Parameters>): Fragment<Parameters> =>
  sql`md5(lower(${column})) = md5(lower(${other})) and lower(${column}) = lower(${other})` as Fragment<Parameters>;
