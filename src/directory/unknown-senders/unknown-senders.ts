import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { ParticipantKind, UnknownSender } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text, uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import { nameOrNull } from '../../values/text.ts';
import { addChannel } from '../channels/channels.ts';
import { announceParticipant } from '../participants/announce.ts';
import type { ParticipantHooks } from '../participants/hooks.ts';
import { lockParticipant } from '../participants/lock.ts';
import { insertParticipant, type NewParticipant } from '../participants/participants.ts';

const row = columns('UnknownSender', 'u');

// Lock the config before the sender, as the recording of messages does.
const withConfig = statement(rows({ id: uuid, provider: text, defaultRegion: nullable(text) }))`
  select u.id, i.provider, i.default_region as "defaultRegion" from unknown_sender u join integration_config i on i.tenant_id = u.tenant_id and i.id = u.integration_config_id
  where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for share of i`;
const lock = statement(row)`
  select ${row} from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for update`;

const unknownSenderNotFound = (id: string) =>
  new Problem('UNKNOWN_SENDER_NOT_FOUND', `There is no unknown sender ${id}.`);

/**
 * Locks the unknown sender and returns it: no other transaction can count, take or dismiss it until this one ends.
 * Throws UNKNOWN_SENDER_NOT_FOUND.
 */
async function take(
  tx: TenantTransaction,
  given: string,
): Promise<UnknownSender & { provider: string; defaultRegion: string | null }> {
  const id = asUuid(given);
  const [there] = id ? await tx.query(withConfig, { id }) : [];
  const [sender] = there ? await tx.query(lock, { id: there.id }) : [];
  if (!there || !sender) throw unknownSenderNotFound(given);
  return { ...sender, provider: there.provider, defaultRegion: there.defaultRegion };
}

/** The input of createParticipantFromUnknownSender besides the sender. */
export type SenderAsParticipant = {
  unknownSenderId: string;
  kind?: ParticipantKind | null | undefined;
  displayName?: string | null | undefined;
  email?: string | null | undefined;
  agentIds?: string[] | null | undefined;
};

/** Returns the name of a participant for a sender that has given none. */
const nameOf = ({ displayName, address }: UnknownSender) =>
  nameOrNull(displayName ?? '') ?? nameOrNull(address) ?? 'Unknown sender';

/**
 * Creates a participant of an unknown sender, with a channel of its address and its counts, and returns the
 * participant's id. It is bound to the named agents, else to the agent whose webhook the newest message came through.
 * Throws UNKNOWN_SENDER_NOT_FOUND, VALIDATION_FAILED, AGENT_NOT_FOUND.
 */
export async function createParticipantFromUnknownSender(
  db: TenantDatabase,
  input: SenderAsParticipant,
  hooks: ParticipantHooks,
): Promise<string> {
  const kind = input.kind ?? 'PERSON';
  if (kind === 'AI_AGENT') {
    const message = 'must be PERSON or GROUP';
    throw new Problem('VALIDATION_FAILED', `kind ${message}`, { errors: [{ path: ['input', 'kind'], message }] });
  }
  return db.transaction(async (tx) => {
    const sender = await take(tx, input.unknownSenderId);
    const participant: NewParticipant = {
      kind,
      displayName: input.displayName ?? nameOf(sender),
      email: input.email,
      agentIds: input.agentIds ?? (sender.agentId === null ? [] : [sender.agentId]),
      channels: [{ integrationConfigId: sender.integrationConfigId, address: sender.address }],
    };
    return insertParticipant(tx, participant, hooks);
  });
}

/**
 * Adds a channel of an unknown sender's address to a participant, with the sender's counts, and returns the
 * participant's id. Throws UNKNOWN_SENDER_NOT_FOUND, PARTICIPANT_NOT_FOUND, and VALIDATION_FAILED when the participant
 * has 100 channels already.
 */
export async function addUnknownSenderToParticipant(
  db: TenantDatabase,
  input: { unknownSenderId: string; participantId: string },
  hooks: ParticipantHooks,
): Promise<string> {
  return db.transaction(async (tx) => {
    const id = await lockParticipant(tx, input.participantId);
    const sender = await take(tx, input.unknownSenderId);
    await hooks.channelsChanged(tx, id, await addChannel(tx, id, sender));
    await tx.participant.update({
      where: { tenantId_id: { tenantId: tx.tenantId, id } },
      data: { modifiedAt: tx.now() },
    });
    announceParticipant(tx, id);
    return id;
  });
}

const remove = statement(rows({ id: uuid }))`
  delete from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} returning u.id`;

/** Deletes an unknown sender until its next message, and returns its id. Throws UNKNOWN_SENDER_NOT_FOUND. */
export async function dismissUnknownSender(db: TenantDatabase, input: { unknownSenderId: string }): Promise<string> {
  const id = asUuid(input.unknownSenderId);
  const [gone] = id ? await db.query(remove, { id }) : [];
  if (!gone) throw unknownSenderNotFound(input.unknownSenderId);
  return gone.id;
}
