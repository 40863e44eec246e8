import { z } from 'zod';
import { conversationDetails } from '../conversations/create.ts';
import { channelList } from '../directory/channels/channels.ts';
import { agentIds } from '../directory/participants/participants.ts';
import { identifierKeys } from '../external-users/identifiers.ts';
import { emailAddress } from '../values/email-address.ts';
import { agentId, displayName, text } from '../values/text.ts';

const latest = 253_402_300_799_999;

/** A time as files have it: in ISO's form, or in milliseconds since 1970. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date(), z.int().min(0).max(latest)], 'must be a time in ISO’s form')
  .transform((given) => new Date(given));

/** One of these names, in any case and between blanks, as spreadsheets have them. */
const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) => {
  const message = `must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return z
    .string(message)
    .transform((given) => given.trim().toUpperCase())
    .pipe(z.enum(names, message))
    .optional();
};

/** A participant as a file brings it. */
export const participantRow = z.object({
  kind: oneOf(['PERSON', 'GROUP', 'AI_AGENT']),
  displayName: displayName.optional(),
  email: emailAddress.optional(),
  relatedAgentId: agentId.optional(),
  agentIds: agentIds.pipe(z.array(agentId)).optional(),
  channels: channelList.optional(),
  disabledAt: time.optional(),
});

/** Kinds that nobody adds by the rules: they come only from elsewhere. */
const otherTypes = ['BOT', 'ACCESS_KEY', 'CHANNEL', 'CONNECTOR', 'COLLABORATION_AUTOMATION'] as const;

const id = text(1, 255);
const byId = z.object({ id }, 'must be an object').optional();
const identifierKey = z.enum(identifierKeys, `must be one of ${identifierKeys.join(', ')}`);
const subject = z
  .object(
    {
      user: byId,
      contact: byId,
      agent: byId,
      flow: byId,
      contactByIdentifier: z
        .object({ identifierKey, identifierValue: z.string('must be text').max(4_000) }, 'must be an object')
        .optional(),
      other: z.object({ type: z.enum(otherTypes, 'is no type of participant'), id }, 'must be an object').optional(),
    },
    'must say who takes part',
  )
  .refine(
    (given) => Object.values(given).filter((one) => one !== undefined).length === 1,
    'must be exactly one of user, contact, agent, flow, contactByIdentifier and other',
  );

/** Somebody who takes part in a conversation as a file brings it. */
const memberRow = z
  .object(
    {
      participant: subject,
      status: oneOf(['PENDING', 'INVITED', 'ACTIVE']),
      displayName: text(0, 4_000).optional(),
      avatarUrl: text(0, 4_000).optional(),
      identifierKey: identifierKey.optional(),
      deletedAt: time.optional(),
    },
    'must be an object',
  )
  .refine(({ participant, deletedAt }) => !deletedAt || participant.contact, 'is no contact, so it has no deletedAt');

export type MemberRow = z.output<typeof memberRow>;

const maxMembers = 10_000;

/** A conversation as a file brings it. */
export const conversationRow = z.object({
  ...conversationDetails,
  agentId: agentId.optional(),
  status: oneOf(['OPEN', 'CLOSED']),
  closedAt: time.optional(),
  participants: z
    .array(memberRow, 'must be a list')
    .max(maxMembers, `must be at most ${maxMembers} participants`)
    .optional(),
});

export type ParticipantRow = z.output<typeof participantRow>;
export type ConversationRow = z.output<typeof conversationRow>;
