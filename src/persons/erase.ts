import { isDeepStrictEqual } from 'node:util';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { forgetMerges } from '../database/merges-of.ts';
import { columns } from '../database/sql/columns.ts';
import { anyKey, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { deleteInTransaction } from '../directory/participants/participants.ts';
import { forgetDuplicates } from '../duplicates/queries.ts';
import { digestOf } from '../erasure/digests.ts';
import { Problem } from '../errors/catalogue.ts';
import { type IdentityInput, identityOf } from '../identity/who-is.ts';
import * as run from './erase-statements.ts';
import { everythingOf, findPerson, type Person, textsOf, unconfirmed } from './found.ts';

/** The unchecked input of erasePerson. */
export type EraseInput = { by: IdentityInput; confirm: boolean; block?: boolean | null | undefined };

const erasure = columns('Erasure', 'e');

/** Records of erasures by their ids. */
export const erasureById = oneByUuid(
  statement(erasure)`select ${erasure} from erasure e where e.tenant_id = ${tenant} and e.id = ${anyKey(uuid)}`,
  'id',
);

/** What the storage holds of an erased person, to be deleted after the commit. */
export type LeftFiles = {
  tenantId: string;
  pictures: { id: string; path: string }[];
  data: { id: string; path: string }[];
};

/** How often a person is found anew because somebody has changed who it is meanwhile. */
const tries = 5;

/** Carries out of a savepoint that the person is not who was locked. */
class OthersNow extends Error {}

/** Locks the users and participants of a person. Throws OthersNow where the person is not the same afterwards. */
async function locked(tx: TenantTransaction, by: IdentityInput): Promise<Person> {
  const idsOf = ({ users, participants }: Person) => ({
    userIds: users.map(({ id }) => id),
    participantIds: participants.map(({ id }) => id),
  });
  const before = idsOf(await findPerson(tx, by));
  await tx.query(run.lockUsers, before);
  await tx.query(run.lockParticipants, before);
  const person = await findPerson(tx, by);
  if (isDeepStrictEqual(idsOf(person), before)) return person;
  throw new OthersNow('Somebody has merged or changed the person.');
}

/**
 * Finds a person and locks their users and participants. A merge, or its undoing, may change who they are until the
 * locks are held, so they are found again. The locks of before are given back then: who is found later may come before
 * them in the order of locks. Throws CONFLICT where that goes on.
 */
async function lockedPerson(tx: TenantTransaction, by: IdentityInput): Promise<Person> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      return await tx.savepoint(() => locked(tx, by));
    } catch (error) {
      if (!(error instanceof OthersNow)) throw error;
    }
  }
  throw new Problem('CONFLICT', 'The person is merged or changed by others all the time: ask again.');
}

/**
 * Ends imports, in a transaction of their own: a batch that is being written holds users that an erasure waits for.
 * Forgets what is known of the columns of all.
 */
const stopJobs = (db: TenantDatabase) =>
  db.transaction(async (tx) => {
    for (const { id } of await tx.query(run.stopJobs, run.whyStopped)) tx.announce('dataJobChanged', { jobId: id });
    await tx.query(run.forgetColumns, { ...run.whyStopped, forgotten: run.forgotten });
  });

/** Deletes the rows of a locked person. Returns what is counted of them, and the files that nothing needs any more. */
async function removeRows(tx: TenantTransaction, person: Person, hooks: Pick<ParticipantHooks, 'beforeDelete'>) {
  const theirs = await everythingOf(tx, person);
  const { userIds, participantIds, ids, idTexts } = theirs;
  const pictures = await tx.query(run.picturesOf, { participantIds, ids });
  const times = await tx.query(run.mergedTimes, { ids });
  const memberships = await tx.query(run.removeMemberships, { userIds, participantIds, idTexts });
  for (const participantId of participantIds) await deleteInTransaction(tx, participantId, hooks);
  await tx.query(forgetMerges, { ids });
  const users = await tx.query(run.removeUsers, { userIds });
  const { identities, providers, addressKeys } = theirs;
  const senders = await tx.query(run.removeSenders, { ids, identities, providers, addressKeys });
  const membershipTexts = memberships.map(({ id }) => id);
  await forgetDuplicates(tx, ids);
  await tx.query(run.removeKeys, { idTexts: [...idTexts, ...membershipTexts] });
  // Triggers have recorded what was deleted above, so this comes last.
  const [{ count } = { count: 0 }] = await tx.query(run.removeHistory, {
    ids: [...ids, ...senders.map(({ id }) => id)],
    historyTexts: theirs.historyTexts,
    conversationIds: memberships.map(({ conversationId }) => conversationId),
    membershipTexts,
    otherIds: times.map((its) => its.id),
    since: times.map((its) => its.since),
    until: times.map((its) => its.until),
  });
  const files = await tx.query(run.dropFiles, { fileIds: pictures.map(({ id }) => id) });
  return { theirs, users, memberships, historyEntries: count, files };
}

/**
 * Deletes everything that is held about the person that an identifier leads to, in one transaction, and records that it
 * was done, with a digest. `block` keeps digests of all their identifiers, so that imports and webhooks do not bring
 * them back. Imports that run end before, exports that run begin anew. Returns the record's id, and the files that are
 * still to be deleted. Throws VALIDATION_FAILED without a confirmation.
 */
export async function erasePerson(
  db: TenantDatabase,
  input: EraseInput,
  erasedBy: string,
  hooks: Pick<ParticipantHooks, 'beforeDelete'>,
): Promise<{ id: string; left: LeftFiles }> {
  if (input.confirm !== true) throw unconfirmed();
  const [named = ''] = textsOf(await identityOf(db, input.by));
  const id = newId();
  await stopJobs(db);
  return db.transaction(async (tx) => {
    await tx.query(run.lockErasures);
    if ((await tx.query(run.beginExportsAnew)).length > 0) tx.announce('dataJobQueued', {});
    const person = await lockedPerson(tx, input.by);
    const { theirs, users, memberships, historyEntries, files } = await removeRows(tx, person, hooks);
    const data = await tx.query(run.expireData);
    await tx.query(run.record, {
      id,
      digest: digestOf(db.tenantId, named),
      isBlocked: input.block === true,
      externalUsers: users.length,
      participants: theirs.participantIds.length,
      memberships: memberships.length,
      historyEntries,
      files: files.length + data.length,
      by: erasedBy,
    });
    if (input.block === true)
      await tx.query(run.block, { id, digests: theirs.texts.map((given) => digestOf(db.tenantId, given)).sort() });
    const occurredAt = tx.now().toISOString();
    for (const { id: membershipId, conversationId } of memberships)
      tx.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'REMOVED', occurredAt });
    return { id, left: { tenantId: db.tenantId, pictures: files, data } };
  });
}
