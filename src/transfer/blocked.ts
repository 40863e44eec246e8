import type { TenantTransaction } from '../database/database.ts';
import type { IdentifierKey } from '../database/generated/client.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, text } from '../database/sql/types.ts';
import { digestOf, fkText, identityText } from '../erasure/digests.ts';

const known = statement(rows({ digest: text }))`
  select b.digest from blocked_digest b where b.tenant_id = ${tenant} and b.digest = any(${parameter('digests', array(text))})`;

/** What an identifier's person is known by after it was erased. `compared` is what the identifier is compared by. */
export const blockedText = (key: IdentifierKey, compared: string): string =>
  key === 'fkid' ? fkText(compared) : identityText(compared);

/** Why a row of an erased person is refused. */
export const isErased = 'is a person who was erased and may not be brought back';

/** Returns the places of the rows that have a text of somebody who was erased and is blocked. */
export async function blockedAmong(
  { tenantId, query }: Pick<TenantTransaction, 'tenantId' | 'query'>,
  textsOfRows: readonly (readonly string[])[],
): Promise<Set<number>> {
  const digests = textsOfRows.map((texts) => texts.map((each) => digestOf(tenantId, each)));
  const all = [...new Set(digests.flat())];
  if (all.length === 0) return new Set();
  const found = new Set((await query(known, { digests: all })).map(({ digest }) => digest));
  return new Set(digests.flatMap((ofRow, n) => (ofRow.some((digest) => found.has(digest)) ? [n] : [])));
}
