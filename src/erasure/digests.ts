import { createHash } from 'node:crypto';
import { type Fragment, sql, tenant } from '../database/sql/fragment.ts';

/*
 * What is kept of an identifier whose person was erased is a digest of it with the tenant's id. The texts below are
 * digested, in JavaScript and in SQL alike: an e-mail address or a telephone's key, a foreign key, or an address at
 * a provider.
 */

/** The text of an e-mail address in lower case, or of a telephone's key. */
export const identityText = (key: string): string => `identity ${key}`;
export const fkText = (fkId: string): string => `fkid ${fkId}`;
/** The text of what an address at a provider is compared by. */
export const addressText = (provider: string, key: string): string => `address ${provider} ${key}`;

/** The text of the id of a person, by which the history has their memberships. */
export const idText = (id: string): string => `id ${id}`;

/** Returns the digest of a text in a tenant, in hexadecimal. */
export const digestOf = (tenantId: string, given: string): string =>
  createHash('sha256').update(`${tenantId} ${given}`).digest('hex');

/** SQL for the same. Null for null. */
const digestSql = <Parameters>(ofTenant: Fragment<Parameters>, given: Fragment): Fragment<Parameters> =>
  sql`encode(sha256(convert_to(${ofTenant}::text || ' ' || ${given}, 'UTF8')), 'hex')` as Fragment<Parameters>;

/** The condition that a tenant has blocked one of these texts. Null texts are of nobody. */
export const isBlocked = (ofTenant: Fragment, texts: readonly Fragment[]): Fragment => {
  const [first, ...others] = texts.map((given) => digestSql(ofTenant, given));
  if (!first) throw new Error('Say what may be blocked.');
  return sql`exists (select from blocked_digest b where b.tenant_id = ${ofTenant} and b.digest in (${others.reduce(
    (list, one) => sql`${list}, ${one}`,
    first,
  )}))`;
};

/** SQL for the keys that entries of the history have of these texts, as the triggers write them (`history_keys`). */
export const historyKeysSql = <Parameters>(texts: Fragment<Parameters>) =>
  sql`(select coalesce(array_agg(md5(${tenant}::text || ' ' || t.text)::uuid), '{}') from unnest(${texts as Fragment}) t (text))` as Fragment<
    Parameters & { readonly tenantId: string }
  >;
