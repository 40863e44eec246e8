import type { TenantTransaction } from '../database/database.ts';
import type { IdentifierKey } from '../database/generated/client.ts';
import { nothing } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import type { SqlType } from '../database/sql/types.ts';
import { fieldOf, identifierKeys } from './identifiers.ts';

const jsonText: SqlType<string> = { name: 'json', isNullable: false };
const given = sql`json_to_recordset(${parameter('replaced', jsonText)}) as g (id uuid, key "IdentifierKey")`;

// An identifier keeps the id of its row when it moves, and the record of the merge has it.
const keep = statement(nothing)`
  update external_user_identifier i set is_primary = false
  from ${given}
  where i.tenant_id = ${tenant} and i.external_user_id = g.id and i.identifier_key = g.key and i.is_primary and exists (
    select from merge m where m.tenant_id = ${tenant} and m.into_id = g.id and m.undone_at is null
      and jsonb_path_exists(m.record, '$.from[*].identifiers[*].id ? (@ == $id)', jsonb_build_object('id', i.id)))`;

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
