import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import { type Conversation, type MemberStatus, Prisma } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { demandAgents } from '../directory/agents/agents.ts';
import { Problem, type Violation } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { jsonObject } from '../values/json-object.ts';
import { displayName, text } from '../values/text.ts';
import { announceConversation, demandOwnAgent } from './conversations.ts';
import { createContacts, type EnsureParticipant, unknownIdentifiers, type Wanted, wanted } from './ensure.ts';
import type { Tried } from './ensure-statements.ts';

/** What a conversation may have besides its agent and its state. */
export const conversationDetails = {
  name: displayName.nullish(),
  description: text(1, 4_000, { lines: true }).nullish(),
  attributes: jsonObject.nullish(),
};

/** An object as Prisma writes it into a column of JSON, where null clears. */
export const jsonColumn = (value: Record<string, unknown> | null) =>
  value === null ? Prisma.DbNull : (value as Prisma.InputJsonObject);

const maxParticipants = 50;

const newConversation = z.object({
  ...conversationDetails,
  agentId: z.string().nullish(),
  participants: z
    .array(z.custom<NewConversationParticipant>(), 'must be a list')
    .max(maxParticipants, `must be at most ${maxParticipants} participants`)
    .nullish(),
});

/** Somebody who takes part in a new conversation from the start; ACTIVE unless said. */
export type NewConversationParticipant = {
  participant: EnsureParticipant;
  status?: MemberStatus | null | undefined;
};

/** A conversation as createConversation takes it; unknown until its rules have been checked. */
export type NewConversation = z.input<typeof newConversation>;

type Added = { wanted: Wanted; status: MemberStatus; path: readonly (string | number)[] };

/**
 * Opens a conversation with those who take part in it, all or nothing; its agent always does. Under an agent's key it
 * is that agent's. One that comes from another system was opened there at `createdAt`. Throws AGENT_NOT_FOUND,
 * FORBIDDEN for another agent's, and for its participants what ensureConversationParticipant throws, with every one
 * that is wrong in `errors`, by its index.
 */
export async function createConversation(
  db: TenantDatabase,
  input: NewConversation,
  id = newId(),
  createdAt?: Date,
): Promise<Conversation> {
  const { name, description, attributes, participants, ...given } = checked(newConversation, input);
  const agentId = given.agentId ?? db.agentId;
  demandOwnAgent(db, agentId);
  const added = readAll(participants ?? []);
  const agentIsAmong = participants?.some(({ participant }) => participant.agent?.id === agentId) ?? false;
  if (agentId !== null && !agentIsAmong)
    added.unshift({ wanted: wanted({ agent: { id: agentId } }), status: 'ACTIVE', path: ['input', 'agentId'] });
  const create = async (tx: TenantTransaction) => {
    if (agentId !== null) await demandAgents(tx, [agentId]);
    const conversation = await tx.conversation.create({
      data: {
        tenantId: db.tenantId,
        id,
        name: name ?? null,
        description: description ?? null,
        ...(attributes && { attributes: jsonColumn(attributes) }),
        agentId,
        ...(createdAt && { createdAt }),
      },
    });
    announceConversation(tx, conversation.id, [agentId], 'CREATED');
    await addAll(tx, conversation.id, added);
    return conversation;
  };
  const names = added.some(({ wanted: { identifier } }) => identifier);
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await db.transaction(create);
    } catch (error) {
      // Another user got one of the identifiers after it was looked for: it is found now.
      if (!names || attempts >= maxAttempts || sqlState(error) !== '23505') throw error;
    }
  }
}
const maxAttempts = 5;

/** Reads who is to take part. Throws all that is wrong with them at once, under the first one's code. */
function readAll(participants: readonly NewConversationParticipant[]): Added[] {
  const added: Added[] = [];
  const wrong: Wrong[] = [];
  for (const [index, { participant, status }] of participants.entries()) {
    const path = ['input', 'participants', index, 'participant'];
    try {
      added.push({ wanted: wanted(participant, path), status: status ?? 'ACTIVE', path });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      wrong.push({ problem: error, path });
    }
  }
  demandNothingWrong(wrong);
  return added;
}

type Wrong = { problem: Problem; path: readonly (string | number)[] };

/** Throws the first problem, if there is one, with what is wrong of all of them. */
function demandNothingWrong(wrong: readonly Wrong[]): void {
  const [first] = wrong;
  if (!first) return;
  const errors = wrong.flatMap(
    ({ problem, path }): readonly Violation[] => problem.errors ?? [{ path, message: problem.message }],
  );
  throw new Problem(first.problem.code, first.problem.message, { errors });
}

/**
 * Adds these to a conversation in its transaction; those who are in it stay as they are. Returns how many were added.
 * Throws like readAll, and an error of uniqueness when an identifier was given to somebody meanwhile.
 */
export async function addAll(tx: TenantTransaction, conversationId: string, added: readonly Added[]): Promise<number> {
  const identifiers = added.flatMap(({ wanted: { identifier } }) => identifier ?? []);
  await createContacts(tx, await unknownIdentifiers(tx, identifiers));
  let count = 0;
  const wrong: Wrong[] = [];
  for (const { wanted: subject, status, path } of added) {
    const values = { conversationId, value: subject.value, id: newId(), status };
    const [tried] = (await tx.query(subject.ensuring.alone, values)) as [Tried];
    if (tried.id !== null) {
      if (tried.created) {
        count += 1;
        tx.announce('conversationParticipantChanged', {
          conversationId,
          membershipId: tried.id,
          change: 'ADDED',
          occurredAt: tx.now().toISOString(),
        });
      }
    } else if (!tried.subjectKnown && subject.unknown) wrong.push({ problem: subject.unknown(), path });
    // The user of an identifier was deleted since it was found or made.
    else throw new Problem('UNAVAILABLE', 'Others keep changing the same participant.', { retryAfter: 1 });
  }
  demandNothingWrong(wrong);
  return count;
}
