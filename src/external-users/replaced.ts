import type { TenantTransaction } from '../database/database.ts';
import type { IdentifierKey } from '../database/generated/client.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { type SqlType, text, uuid } from '../database/sql/types.ts';
import { fieldOf, identifierKeys } from './identifiers.ts';

const jsonText: SqlType<string> = { name: 'json', isNullable: false };
const given = sql`json_to_recordset(${parameter('replaced', jsonText)}) as g (id uuid, key "IdentifierKey")`;

// An identifier `i` keeps the id of its row when it moves, and the record of the merge has it.
const isBrought = sql`exists (
    select from merge m where m.tenant_id = ${tenant} and m.into_id = i.external_user_id and m.undone_at is null
      and jsonb_path_exists(m.record, '$.from[*].identifiers[*].id ? (@ == $id)', jsonb_build_object('id', i.id)))`;
const keep = statement(nothing)`
  update external_user_identifier i set is_primary = false
  from ${given}
  where i.tenant_id = ${tenant} and i.external_user_id = g.id and i.identifier_key = g.key and i.is_primary and ${isBrought}`;
const brought = statement(rows({ id: uuid, fkId: text }))`
  select g.id, g.fk_id as "fkId" from json_to_recordset(${parameter('keys', jsonText)}) as g (id uuid, fk_id text)
  join external_user_identifier i on i.tenant_id = ${tenant} and i.external_user_id = g.id and i.identifier_key = 'fkid'
    and i.compare_key = g.fk_id and ${isBrought}`;

/** A user, by id, whose primary identifier of a kind is about to be replaced. */
export type Replaced = { id: string; key: IdentifierKey };

type Primary = { readonly [Field in ReturnType<typeof fieldOf>]?: string | null | undefined };

/** The primary identifiers of a user that a change replaces by others. What it clears is not replaced. */
export const replacedBy = (change: Primary, before: Primary & { readonly id: string }): Replaced[] =>
  identifierKeys
    .filter((key) => {
      const [was, becomes] = [before[fieldOf(key)], change[fieldOf(key)]];
      return was != null && becomes != null && was !== becomes;
    })
    .map((key) => ({ id: before.id, key }));

/**
 * Keeps those of these primary identifiers that a merge has brought, beside the ones that take their places: who had
 * them gets them back by its undo. The triggers remove the others with the change of the user's columns. The users are
 * locked.
 */
export async function keepMerged(tx: Pick<TenantTransaction, 'query'>, replaced: readonly Replaced[]): Promise<void> {
  if (replaced.length > 0) await tx.query(keep, { replaced: JSON.stringify(replaced) });
}

/** A foreign key that a user has, which may be beside its own one. */
export type ForeignKey = { id: string; fkId: string };

/** Returns which of these foreign keys a merge has brought to the user who has them. */
export async function broughtByMerges(
  tx: Pick<TenantTransaction, 'query'>,
  keys: readonly ForeignKey[],
): Promise<(key: ForeignKey) => boolean> {
  const given = keys.map(({ id, fkId }) => ({ id, fk_id: fkId }));
  const nameOf = ({ id, fkId }: ForeignKey) => `${id} ${fkId}`;
  const found = given.length > 0 ? await tx.query(brought, { keys: JSON.stringify(given) }) : [];
  const names = new Set(found.map(nameOf));
  return (key) => names.has(nameOf(key));
}
