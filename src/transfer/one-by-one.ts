import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { inside } from '../database/inside.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, boolean, json, uuid } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { blockedAmong, isErased } from './blocked.ts';
import { connected } from './connected.ts';
import { conversations } from './conversations.ts';
import type { Kind as DataKind } from './fields.ts';
import { type Given, isMerged, noOutcome, type Outcome, type Rejection, refusal, type Writing } from './outcome.ts';
import { participants } from './participants.ts';
import type { RowRule } from './rule.ts';
import { storedConversation, storedParticipant } from './stored.ts';
import { undone } from './undone.ts';

/** The kinds whose rows go through their rules one by one. */
export type RuledKind = Exclude<DataKind, 'EXTERNAL_USERS'>;

const ids = parameter('ids', array(uuid));
const row = assured(json<Readonly<Record<string, unknown>>>());

const known = {
  PARTICIPANTS: statement(rows({ id: uuid }))`
    select p.id from participant p where p.tenant_id = ${tenant} and p.id = any(${ids})`,
  CONVERSATIONS: statement(rows({ id: uuid }))`
    select c.id from conversation c where c.tenant_id = ${tenant} and c.id = any(${ids})`,
};
// Who was merged away since is there as somebody else. To create them again would take the id from the merge.
const mergedAway = statement(rows({ id: uuid }))`
  select r.id from merged_id r where r.tenant_id = ${tenant} and r.kind = 'PARTICIPANT' and r.id = any(${ids})`;
const before = rows({ row, isSurvivor: assured(boolean) });
const stored = {
  PARTICIPANTS: statement(before)`
    select ${storedParticipant} as row, exists (
      select from merged_id r where r.tenant_id = p.tenant_id and r.into_id = p.id and r.kind = 'PARTICIPANT') as "isSurvivor"
    from participant p where p.tenant_id = ${tenant} and p.id = any(${ids})`,
  CONVERSATIONS: statement(before)`
    select ${storedConversation} as row, false as "isSurvivor" from conversation c where c.tenant_id = ${tenant} and c.id = any(${ids})`,
};

/**
 * Returns the id of a row. One that is no UUID is always the same for the same id in the file; that of a row without
 * any is the same for the same row, so that a file that comes twice adds nothing.
 */
export function idOfRow(kind: string, { fields }: Pick<Given, 'fields'>, tenantId: string): string {
  const { id } = fields;
  const own = typeof id === 'string' ? asUuid(id) : null;
  if (own) return own;
  const named = typeof id === 'string' || typeof id === 'number' ? String(id).trim() : '';
  const entries = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = named === '' ? JSON.stringify(entries) : `${kind} ${named}`;
  const hex = createHash('sha256').update(`${tenantId} ${text}`).digest('hex');
  // Version 8 is for ids of one's own making.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Thrown in a row that changes nothing, so that it leaves nothing behind. */
const isUnchanged = new Error('The row changes nothing.');

/** Changes what is stored by a row. Throws `isUnchanged`. */
async function updateOne(
  tx: TenantTransaction,
  rule: RowRule,
  kind: RuledKind,
  id: string,
  { fields }: Pick<Given, 'fields'>,
) {
  // Read here, because an earlier row, or a merge, may have changed it.
  const [before] = await tx.query(stored[kind], { ids: [id] });
  if (!before || !(await rule.update(inside(tx), tx, id, fields, before))) throw isUnchanged;
}

/**
 * Returns the lines of a batch's rows that say the same in the end as is stored, each with why it is refused, if it is.
 * To find out, all rows of the file with their ids are written in their order, and undone.
 */
async function settledRows(
  tx: TenantTransaction,
  rule: RowRule,
  kind: RuledKind,
  batch: readonly (Given & { id: string })[],
  isThere: (id: string) => boolean,
  { file, unexpected }: Writing,
): Promise<Map<number, Rejection | null>> {
  const settled = new Map<number, Rejection | null>();
  const hang = file?.around(batch.filter(({ id }) => isThere(id)));
  if (!hang || hang.rows.length < 2) return settled;
  const own = new Set(batch.map(({ line }) => line));
  const groups = connected(hang.rows, (row) => [idOfRow(kind, row, tx.tenantId)]).filter(
    (group) => group.length > 1 && !group.some(({ line }) => hang.cut.has(line)),
  );
  const all = groups.flat();
  const gone = all.length > 0 ? await blockedAmong(tx, await rule.texts(tx, all)) : null;
  const erased = new Set(all.flatMap(({ line }, n) => (gone?.has(n) ? [line] : [])));
  for (const group of groups) {
    const [first] = group;
    if (!first) continue;
    const id = idOfRow(kind, first, tx.tenantId);
    const reasons = await undone(tx, async () => {
      const refused = new Map<number, Rejection>();
      const [before] = await tx.query(stored[kind], { ids: [id] });
      for (const row of group) {
        if (erased.has(row.line)) continue;
        try {
          await tx.savepoint(() => updateOne(tx, rule, kind, id, row));
        } catch (error) {
          if (error !== isUnchanged) refused.set(row.line, refusal(row.line, error, { unexpected }));
        }
      }
      const [after] = await tx.query(stored[kind], { ids: [id] });
      return isDeepStrictEqual(before, after) ? refused : null;
    });
    if (reasons) for (const { line } of group) if (own.has(line)) settled.set(line, reasons.get(line) ?? null);
  }
  return settled;
}

/**
 * Writes a batch of participants or conversations by their rules, in one transaction. A row that is refused leaves
 * nothing behind, and the others stay. A participant that was merged away since stays so: the row changes nothing.
 */
export async function writeOneByOne(
  tx: TenantTransaction,
  kind: RuledKind,
  batch: readonly Given[],
  writing: Writing,
  hooks: ParticipantHooks,
): Promise<Outcome> {
  const rule = kind === 'PARTICIPANTS' ? participants(hooks) : conversations;
  const db = inside(tx);
  const outcome = noOutcome();
  const given = batch.map((row) => ({ ...row, id: idOfRow(kind, row, tx.tenantId) }));
  const there = new Set((await tx.query(known[kind], { ids: given.map(({ id }) => id) })).map(({ id }) => id));
  const away = given.flatMap(({ id }) => (kind === 'PARTICIPANTS' && !there.has(id) ? [id] : []));
  const merged = new Set((away.length > 0 ? await tx.query(mergedAway, { ids: away }) : []).map(({ id }) => id));
  const gone = await blockedAmong(tx, await rule.texts(tx, given));
  const settled = await settledRows(tx, rule, kind, given, (id) => there.has(id), writing);
  const refuse = (line: number, field: string | null, reason: string) => outcome.rejected.push({ line, field, reason });
  for (const [n, { id, line, ...row }] of given.entries()) {
    if (gone.has(n)) refuse(line, null, isErased);
    else if (merged.has(id) && writing.onConflict === 'FAIL') refuse(line, 'id', isMerged);
    else if (there.has(id) && writing.onConflict === 'FAIL') refuse(line, 'id', 'exists already');
    else if (settled.has(line)) {
      const why = settled.get(line);
      if (why) outcome.rejected.push(why);
      else outcome.unchanged += 1;
    } else if (merged.has(id) || (there.has(id) && writing.onConflict === 'SKIP')) outcome.unchanged += 1;
    else {
      try {
        await tx.savepoint(async () => {
          if (there.has(id)) await updateOne(tx, rule, kind, id, row);
          else await rule.create(db, tx, id, row);
        });
        if (there.has(id)) outcome.updated += 1;
        else outcome.created += 1;
        there.add(id);
      } catch (error) {
        if (error === isUnchanged) outcome.unchanged += 1;
        else outcome.rejected.push(refusal(line, error, writing));
      }
    }
  }
  return outcome;
}
