import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { ApprovalMode, ParticipantKind, UnknownSender } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text as sqlText, uuid } from '../../database/sql/types.ts';
import { Problem, type Violation } from '../../errors/catalogue.ts';
import type { KeepIds } from '../../idempotency/once.ts';
import { checked } from '../../values/checked.ts';
import { displayName, nameOrNull } from '../../values/text.ts';
import { addBindings } from '../bindings/bindings.ts';
import { addChannel } from '../channels/channels.ts';
import { announceParticipant } from '../participants/announce.ts';
import type { ParticipantHooks } from '../participants/hooks.ts';
import { lockParticipant } from '../participants/lock.ts';
import { agentIds, insertParticipant } from '../participants/participants.ts';
import { alreadyDecided, decide, note, unknownSenderNotFound } from './decisions.ts';
import { matchedParticipant } from './queries.ts';

const row = columns('UnknownSender', 'u');

// Lock the config before the sender, as the recording of messages does.
const withConfig = statement(rows({ id: uuid, provider: sqlText, defaultRegion: nullable(sqlText) }))`
  select u.id, i.provider, i.default_region as "defaultRegion" from unknown_sender u join integration_config i on i.tenant_id = u.tenant_id and i.id = u.integration_config_id
  where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for share of i`;
const lock = statement(row)`
  select ${row} from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for update`;

type Taken = UnknownSender & { provider: string; defaultRegion: string | null };

/**
 * Returns the unknown sender, locked: nobody else counts its messages or decides about it until the transaction ends.
 * Throws UNKNOWN_SENDER_NOT_FOUND.
 */
async function takeSender(tx: TenantTransaction, given: string): Promise<Taken> {
  const id = asUuid(given);
  const [there] = id ? await tx.query(withConfig, { id }) : [];
  const [sender] = there ? await tx.query(lock, { id: there.id }) : [];
  if (!there || !sender) throw unknownSenderNotFound(given);
  return { ...sender, provider: there.provider, defaultRegion: there.defaultRegion };
}

/** What a sender is called who has given no name. */
const nameOf = ({ displayName, address }: UnknownSender) =>
  nameOrNull(displayName ?? '') ?? nameOrNull(address) ?? 'Unknown sender';

const modes = ['CREATE_NEW', 'ADD_TO_EXISTING', 'BIND_ONLY'] as const satisfies readonly ApprovalMode[];
const approval = z
  .object({
    mode: z.enum(modes),
    displayName: displayName.nullish(),
    participantId: z.string().nullish(),
    agentIds: agentIds.nullish(),
    note,
  })
  .superRefine(({ mode, displayName, participantId }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (mode === 'ADD_TO_EXISTING' && participantId == null) refuse('participantId', `must be given for ${mode}`);
    if (mode === 'CREATE_NEW' && participantId != null) refuse('participantId', `must not be given for ${mode}`);
    if (mode !== 'CREATE_NEW' && displayName != null) refuse('displayName', `must not be given for ${mode}`);
  });

/** What approveUnknownSender takes; unknown until its rules have been checked. */
export type Approval = { id: string } & z.input<typeof approval>;

/** An approved sender, and the participant that it leads to. */
export type Approved = { senderId: string; participantId: string };

/**
 * Lets an unknown sender in, decided by that subject or key: as a new participant, as another channel of one, or by
 * bindings alone of one that is reached by another channel. Throws UNKNOWN_SENDER_NOT_FOUND, CONFLICT when it is not
 * waiting, PARTICIPANT_NOT_FOUND, AGENT_NOT_FOUND, VALIDATION_FAILED.
 */
export async function approveUnknownSender(
  db: TenantDatabase,
  { id, ...input }: Approval,
  by: string,
  hooks: ParticipantHooks,
  keepIds?: KeepIds,
): Promise<Approved> {
  const { mode, displayName, participantId, agentIds, note } = checked(approval, input);
  return db.transaction(async (tx) => {
    // Participants are locked before senders, as those who change channels do it.
    const named = mode === 'BIND_ONLY' ? (participantId ?? (await matchOf(tx, id))) : participantId;
    const existing = named == null ? null : await lockParticipant(tx, named);
    const sender = await takeSender(tx, id);
    if (sender.status !== 'PENDING') throw alreadyDecided(sender);
    const agents = agentIds ?? (sender.agentId === null ? [] : [sender.agentId]);
    const approved =
      existing === null
        ? await create(tx, sender, mode, { displayName: displayName ?? null, agents }, hooks)
        : await admit(tx, sender, mode, existing, agents, hooks);
    await decide(tx, { id: sender.id, status: 'APPROVED', by, note, mode, participantId: approved });
    await keepIds?.(tx, [sender.id, approved]);
    return { senderId: sender.id, participantId: approved };
  });
}

const invalid = (field: string, message: string) => {
  const errors: Violation[] = [{ path: ['input', field], message }];
  return new Problem('VALIDATION_FAILED', `${field} ${message}`, { errors });
};

async function create(
  tx: TenantTransaction,
  sender: Taken,
  mode: ApprovalMode,
  { displayName, agents }: { displayName: string | null; agents: string[] },
  hooks: ParticipantHooks,
): Promise<string> {
  if (mode !== 'CREATE_NEW') throw invalid('participantId', 'must be given: no other channel leads to a participant');
  const channels = [{ integrationConfigId: sender.integrationConfigId, address: sender.address }];
  const of = { kind: 'PERSON' as const, displayName: displayName ?? nameOf(sender), agentIds: agents, channels };
  return insertParticipant(tx, of, hooks);
}

async function admit(
  tx: TenantTransaction,
  sender: Taken,
  mode: ApprovalMode,
  participantId: string,
  agents: string[],
  hooks: ParticipantHooks,
): Promise<string> {
  if (mode === 'BIND_ONLY' && agents.length === 0)
    throw invalid('agentIds', 'must name an agent: the messages came through a webhook for no single agent');
  if (mode === 'ADD_TO_EXISTING')
    await hooks.channelsChanged(tx, participantId, await addChannel(tx, participantId, sender));
  await addBindings(tx, participantId, agents);
  await touch(tx, participantId);
  return participantId;
}

async function touch(tx: TenantTransaction, id: string): Promise<void> {
  const where = { tenantId_id: { tenantId: tx.tenantId, id } };
  await tx.participant.update({ where, data: { modifiedAt: tx.now() } });
  announceParticipant(tx, id);
}

async function matchOf(tx: TenantTransaction, given: string): Promise<string | null> {
  const id = asUuid(given);
  const [match] = id ? await tx.query(matchedParticipant, { keys: [id] }) : [];
  return match?.id ?? null;
}

/** What createParticipantFromUnknownSender takes besides the sender. */
export type SenderAsParticipant = {
  unknownSenderId: string;
  kind?: ParticipantKind | null | undefined;
  displayName?: string | null | undefined;
  email?: string | null | undefined;
  agentIds?: string[] | null | undefined;
};

/**
 * Returns the sender, locked, to the mutations from when there were only senders who wait. Throws
 * UNKNOWN_SENDER_NOT_FOUND for any other.
 */
async function takeWaiting(tx: TenantTransaction, id: string): Promise<Taken> {
  const sender = await takeSender(tx, id);
  if (sender.status !== 'PENDING') throw unknownSenderNotFound(id);
  return sender;
}

/**
 * Creates a participant of an unknown sender, with a channel of its address and its counts, and returns the
 * participant's id. It is bound to the named agents, else to the agent whose webhook the newest message came through.
 * Throws UNKNOWN_SENDER_NOT_FOUND, VALIDATION_FAILED, AGENT_NOT_FOUND.
 */
export async function createParticipantFromUnknownSender(
  db: TenantDatabase,
  input: SenderAsParticipant,
  by: string,
  hooks: ParticipantHooks,
  keepIds?: KeepIds,
): Promise<string> {
  const kind = input.kind ?? 'PERSON';
  if (kind === 'AI_AGENT') throw invalid('kind', 'must be PERSON or GROUP');
  return db.transaction(async (tx) => {
    const sender = await takeWaiting(tx, input.unknownSenderId);
    const participantId = await insertParticipant(
      tx,
      {
        kind,
        displayName: input.displayName ?? nameOf(sender),
        email: input.email,
        agentIds: input.agentIds ?? (sender.agentId === null ? [] : [sender.agentId]),
        channels: [{ integrationConfigId: sender.integrationConfigId, address: sender.address }],
      },
      hooks,
    );
    await decide(tx, { id: sender.id, status: 'APPROVED', by, note: null, mode: 'CREATE_NEW', participantId });
    await keepIds?.(tx, [participantId]);
    return participantId;
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
  by: string,
  hooks: ParticipantHooks,
  keepIds?: KeepIds,
): Promise<string> {
  return db.transaction(async (tx) => {
    const participantId = await lockParticipant(tx, input.participantId);
    const sender = await takeWaiting(tx, input.unknownSenderId);
    await admit(tx, sender, 'ADD_TO_EXISTING', participantId, [], hooks);
    await decide(tx, { id: sender.id, status: 'APPROVED', by, note: null, mode: 'ADD_TO_EXISTING', participantId });
    await keepIds?.(tx, [participantId]);
    return participantId;
  });
}
