import { isDeepStrictEqual } from 'node:util';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { ExternalUser, ExternalUserIdentifier, Prisma } from '../database/generated/client.ts';
import { inside } from '../database/inside.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, text, uuid } from '../database/sql/types.ts';
import { displayNameOf, externalUserNotFound } from '../external-users/external-users.ts';
import { identifiersByUser } from '../external-users/identifier-changes.ts';
import { fieldOf, identifierKeys, phoneColumns } from '../external-users/identifiers.ts';
import { conversationIdsByUser } from '../external-users/queries.ts';
import { jsonObject } from '../values/json-object.ts';
import { moveMemberships } from './memberships.ts';
import { leadingTo, type MergeRow } from './merges.ts';
import { type Actor, demandAll, inMerge, invalidMerge, type MergeInput, mergedIds, storeMerge } from './merging.ts';
import type { FilledField, Merge, MergeConflict, MergedUser, UsersRecord } from './record.ts';
import { storedBy } from './stored-rows.ts';

const user = columns('ExternalUser', 'u');
const ids = parameter('ids', array(uuid));

/** Locks users for good, in the order of their ids, so that two merges of the same users wait for each other. */
export const lockUsers = statement(user)`
  select ${user} from external_user u where u.tenant_id = ${tenant} and u.id = any(${ids}) order by u.id for update`;
const storedUser = storedBy('external_user', 'id');
const storedIdentifiers = storedBy('external_user_identifier', 'external_user_id');
const moveIdentifiers = statement(nothing)`
  update external_user_identifier i set external_user_id = ${parameter('intoId', uuid)}, is_primary = false
  where i.tenant_id = ${tenant} and i.external_user_id = ${parameter('fromId', uuid)}`;
const remove = statement(nothing)`
  delete from external_user u where u.tenant_id = ${tenant} and u.id = any(${ids})`;

const fillRows = statement(rows({ done: text }))`
  select fill_identifiers(t.tenant_id, ${ids})::text as done from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}`;

/** Gives locked users from before identifiers were rows the rows of theirs, where the pass has not come to them yet. */
export const fillIdentifiers = (tx: TenantTransaction, ids: readonly string[]) => tx.query(fillRows, { ids });

const plainFields = ['firstName', 'lastName', 'fkUserId', 'context', 'source'] as const;
type Changes = { [Field in (typeof plainFields)[number] | 'email' | 'phoneNumber' | 'fkId']?: string } & {
  metadata?: Record<string, unknown>;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fills what the survivor lacks from another user, and says what both have. */
function fill(survivor: ExternalUser, other: ExternalUser, conflicts: MergeConflict[]): Changes {
  const changes: Changes = {};
  for (const field of plainFields) {
    const [kept, theirs] = [survivor[field], other[field]];
    if (theirs === null || theirs === kept) continue;
    if (kept === null) changes[field] = theirs;
    else conflicts.push({ field, kept, dropped: theirs });
  }
  for (const key of identifierKeys) {
    const [kept, theirs] = [survivor[fieldOf(key)], other[fieldOf(key)]];
    // Both stay: the other's becomes one of the survivor's that is not primary.
    if (theirs !== null && kept === null) changes[fieldOf(key)] = theirs;
  }
  if (isObject(other.metadata)) {
    const kept = isObject(survivor.metadata) ? survivor.metadata : {};
    for (const [name, dropped] of Object.entries(other.metadata))
      if (Object.hasOwn(kept, name) && !isDeepStrictEqual(kept[name], dropped))
        conflicts.push({
          field: `metadata.${name}`,
          kept: JSON.stringify(kept[name]),
          dropped: JSON.stringify(dropped),
        });
    const merged = { ...other.metadata, ...kept };
    if (!isDeepStrictEqual(merged, kept)) changes.metadata = merged;
  }
  return changes;
}

/** A user as a merge leaves them, with what a preview finds and nobody finds afterwards. */
export type Survivor = ExternalUser & { identifiers?: ExternalUserIdentifier[]; conversationIds?: string[] };

/** The survivor, and the merge. */
export type MergedUsers = { user: Survivor; merge: Merge };

/**
 * Merges external users into one, which keeps its id: identifiers and memberships move, what it lacks is filled, and
 * the ids of the others lead to it. With `preview` it does the same and changes nothing. Throws
 * EXTERNAL_USER_NOT_FOUND, VALIDATION_FAILED for a merge with oneself and for more metadata than a user may have, and
 * CONFLICT for a user that was merged already.
 */
export function mergeExternalUsers(db: TenantDatabase, actor: Actor, given: MergeInput): Promise<MergedUsers> {
  const { into, from } = mergedIds(given, externalUserNotFound);
  const preview = given.preview === true;
  return inMerge(db, into, preview, async (tx) => {
    const merged = await merge(tx, actor, into, from);
    if (!preview) return merged;
    const [identifiers = []] = await identifiersByUser.load(inside(tx), [into]);
    const [conversationIds = []] = await conversationIdsByUser.load(inside(tx), [into]);
    return { ...merged, user: { ...merged.user, identifiers, conversationIds } };
  });
}

async function merge(tx: TenantTransaction, actor: Actor, into: string, from: readonly string[]): Promise<MergedUsers> {
  const all = [into, ...from];
  const locked = await tx.query(lockUsers, { ids: all });
  await fillIdentifiers(tx, all);
  const [before, ...others] = (await demandAll(tx, 'EXTERNAL_USER', all, locked, externalUserNotFound)) as [
    ExternalUser,
    ...ExternalUser[],
  ];
  const { survivor, record } = await mergeInto(tx, before, others);
  // Later changes and imports would refuse what is larger.
  const isFilled = record.filled.some(({ field }) => field === 'metadata');
  const problem = isFilled ? jsonObject.safeParse(survivor.metadata).error?.issues[0] : null;
  if (problem) throw invalidMerge(`would give the survivor metadata that ${problem.message}`);
  return { user: survivor, merge: await storeMerge(tx, actor, into, record) };
}

/** Merges locked users into another. Returns the survivor, and what it takes to undo it. */
async function mergeInto(tx: TenantTransaction, before: ExternalUser, others: readonly ExternalUser[]) {
  const { id: into } = before;
  let survivor = before;
  const conflicts: MergeConflict[] = [];
  const gone: MergedUser[] = [];
  for (const other of others) {
    const { id: fromId } = other;
    const [stored] = await tx.query(storedUser, { ids: [fromId] });
    const identifiers = await tx.query(storedIdentifiers, { ids: [fromId] });
    const led = await tx.query(leadingTo, { kind: 'EXTERNAL_USER', id: fromId });
    await tx.query(moveIdentifiers, { fromId, intoId: into });
    const memberships = await moveMemberships(tx, 'EXTERNAL_USER', fromId, into);
    await tx.query(remove, { ids: [fromId] });
    const { metadata, ...changes } = fill(survivor, other, conflicts);
    const data = {
      ...changes,
      ...(changes.phoneNumber !== undefined && phoneColumns(changes.phoneNumber)),
      ...(metadata && { metadata: metadata as Prisma.InputJsonObject }),
    };
    if (Object.keys(data).length > 0)
      survivor = await tx.externalUser.update({ where: { tenantId_id: { tenantId: tx.tenantId, id: into } }, data });
    gone.push({
      row: stored?.row ?? {},
      displayName: displayNameOf(other),
      identifiers: identifiers.map(({ row }) => row),
      ...memberships,
      led: led.map(({ id }) => id),
    });
  }
  const fields = [...plainFields, ...identifierKeys.map(fieldOf), 'metadata'] as const;
  const filled = fields.flatMap((field): FilledField[] =>
    isDeepStrictEqual(before[field], survivor[field]) ? [] : [{ field, before: before[field], after: survivor[field] }],
  );
  const displayName = displayNameOf(survivor);
  const record: UsersRecord = { kind: 'EXTERNAL_USER', displayName, filled, conflicts, from: gone };
  return { survivor, record };
}

/** Merges users again who were there for a short time in the same transaction. */
export async function mergeUsersAgain(
  tx: TenantTransaction,
  { intoId }: Pick<MergeRow, 'intoId'>,
  ids: readonly string[],
): Promise<UsersRecord> {
  const users = await tx.query(lockUsers, { ids: [intoId, ...ids] });
  const inOrder = [intoId, ...ids].flatMap((id) => users.find((user) => user.id === id) ?? []);
  const [survivor, ...others] = inOrder as [ExternalUser, ...ExternalUser[]];
  return (await mergeInto(tx, survivor, others)).record;
}
