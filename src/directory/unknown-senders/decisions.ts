import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { ApprovalMode, UnknownSender, UnknownSenderStatus } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { enumeration, nullable, text as sqlText, uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import { comparedBy } from '../../providers/address.ts';
import { checked } from '../../values/checked.ts';
import { text } from '../../values/text.ts';

/** Why somebody decided so: at most 4,000 characters; null for an empty one. */
export const note = text(0, 4_000, { lines: true })
  .nullish()
  .transform((given) => given || null);
const withNote = z.object({ note });

/** The error for an unknown sender that the tenant doesn't have. */
export const unknownSenderNotFound = (id: string) =>
  new Problem('UNKNOWN_SENDER_NOT_FOUND', `There is no unknown sender ${id}.`);

/** The error for a decision about a sender who does not wait for one: two decided at once, or one twice. */
export const alreadyDecided = ({ id, status }: Pick<UnknownSender, 'id' | 'status'>) =>
  new Problem('CONFLICT', `Unknown sender ${id} is ${status} already.`);

const status = enumeration<UnknownSenderStatus>('UnknownSenderStatus');
const update = statement(rows({ id: uuid }))`
  update unknown_sender u set status = ${parameter('status', status)}, processed_at = now(), processed_by = ${parameter('by', sqlText)},
    note = ${parameter('note', nullable(sqlText))}, approval_mode = ${parameter('mode', nullable(enumeration<ApprovalMode>('ApprovalMode')))},
    approved_participant_id = ${parameter('participantId', nullable(uuid))}
  where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} returning u.id`;

/** What was decided about a sender, and by which subject or key. */
export type Decision = {
  id: string;
  status: UnknownSenderStatus;
  by: string;
  note: string | null;
  mode: ApprovalMode | null;
  participantId: string | null;
};

/** Writes a decision about a sender that the transaction has locked, and announces it. */
export async function decide(tx: TenantTransaction, decision: Decision): Promise<void> {
  await tx.query(update, decision);
  tx.announce('unknownSendersChanged', { senderIds: [decision.id] });
}

const rejectWaiting = statement(rows({ id: uuid }))`
  update unknown_sender u set status = 'REJECTED', processed_at = now(), processed_by = ${parameter('by', sqlText)}, note = ${parameter('note', nullable(sqlText))}
  where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} and u.status = 'PENDING' returning u.id`;
const state = columns('UnknownSender', 'u', ['id', 'status']);
const stateOf = statement(state)`
  select ${state} from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)}`;

async function reject(db: TenantDatabase, given: string, by: string, note: string | null): Promise<string | null> {
  const id = asUuid(given);
  const [rejected] = id ? await db.query(rejectWaiting, { id, by, note }) : [];
  if (!rejected) return null;
  db.announce('unknownSendersChanged', { senderIds: [rejected.id] });
  return rejected.id;
}

/**
 * Turns an unknown sender away until its next message; returns its id. Throws UNKNOWN_SENDER_NOT_FOUND, CONFLICT when
 * it is not waiting.
 */
export async function rejectUnknownSender(
  db: TenantDatabase,
  { id, ...input }: { id: string; note?: string | null | undefined },
  by: string,
): Promise<string> {
  const rejected = await reject(db, id, by, checked(withNote, input).note);
  if (rejected !== null) return rejected;
  const known = asUuid(id);
  const [sender] = known ? await db.query(stateOf, { id: known }) : [];
  throw sender ? alreadyDecided(sender) : unknownSenderNotFound(id);
}

/** Does the same for a client that knows only senders who wait; returns its id. Throws UNKNOWN_SENDER_NOT_FOUND. */
export async function dismissUnknownSender(
  db: TenantDatabase,
  { unknownSenderId }: { unknownSenderId: string },
  by: string,
): Promise<string> {
  const rejected = await reject(db, unknownSenderId, by, null);
  if (rejected === null) throw unknownSenderNotFound(unknownSenderId);
  return rejected;
}

// A channel that comes into being meanwhile waits for this row, and ends the block.
const lockState = statement(state)`
  select ${state} from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for update`;
const channelOf = statement(rows({ participantId: uuid }))`
  select c.participant_id as "participantId" from unknown_sender u join integration_config i on i.tenant_id = u.tenant_id and i.id = u.integration_config_id
  join channel c on c.tenant_id = u.tenant_id and c.provider = i.provider and md5(${comparedBy('c')}) = md5(${comparedBy('u')})
    and ${comparedBy('c')} = ${comparedBy('u')} and c.integration_config_id = u.integration_config_id
  where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} limit 1`;

async function lockSender(tx: TenantTransaction, given: string): Promise<Pick<UnknownSender, 'id' | 'status'>> {
  const id = asUuid(given);
  const [sender] = id ? await tx.query(lockState, { id }) : [];
  if (!sender) throw unknownSenderNotFound(given);
  return sender;
}

/**
 * Blocks an unknown sender, whose messages are dropped from then on; returns its id. To do so again changes nothing.
 * Throws UNKNOWN_SENDER_NOT_FOUND, and CONFLICT when a participant has a channel of the address.
 */
export async function blockUnknownSender(
  db: TenantDatabase,
  { id, ...input }: { id: string; note?: string | null | undefined },
  by: string,
): Promise<string> {
  const { note } = checked(withNote, input);
  return db.transaction(async (tx) => {
    const sender = await lockSender(tx, id);
    if (sender.status === 'BLOCKED') return sender.id;
    const [channel] = await tx.query(channelOf, { id: sender.id });
    if (channel)
      throw new Problem(
        'CONFLICT',
        `Participant ${channel.participantId} has a channel of that address: disable or remove it.`,
      );
    await decide(tx, { id: sender.id, status: 'BLOCKED', by, note, mode: null, participantId: null });
    return sender.id;
  });
}

/**
 * Lets a blocked sender ask again: it waits for a decision; returns its id. Of any other it changes nothing. Throws
 * UNKNOWN_SENDER_NOT_FOUND.
 */
export async function unblockUnknownSender(db: TenantDatabase, { id }: { id: string }, by: string): Promise<string> {
  return db.transaction(async (tx) => {
    const sender = await lockSender(tx, id);
    if (sender.status === 'BLOCKED')
      await decide(tx, { id: sender.id, status: 'PENDING', by, note: null, mode: null, participantId: null });
    return sender.id;
  });
}
