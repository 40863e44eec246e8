import { z } from 'zod';
import type { TenantDatabase } from '../../database/database.ts';
import type { UnknownSenderStatus } from '../../database/generated/client.ts';
import { rejectUnknownSender, unknownSenderNotFound } from '../../directory/unknown-senders/decisions.ts';
import { listUnknownSenders, type MatchedSender, matchedSenderById } from '../../directory/unknown-senders/queries.ts';
import { approveUnknownSender } from '../../directory/unknown-senders/unknown-senders.ts';
import { named } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { millis, millisOrNull, text, textOrNull, timestamp, timestampOrNull } from './fields.ts';

const tag = 'Access requests';
const many = '/v1/tenants/{tenant}/participantAccessRequests';
const one = `${many}/{participantAccessRequest}` as const;

// The system's clients know three. A blocked sender is turned away too.
const statuses = {
  PENDING: ['PENDING'],
  APPROVED: ['APPROVED'],
  REJECTED: ['REJECTED', 'BLOCKED'],
} as const satisfies Record<string, readonly UnknownSenderStatus[]>;
const status = z.enum(['PENDING', 'APPROVED', 'REJECTED']);

const AccessRequest = z
  .object({
    id: z.uuid().meta({ description: 'The request’s id.' }),
    integrationConfigId: z.uuid().meta({ description: 'The integration config that the messages came in by.' }),
    provider: text('Its provider, in lower case.'),
    address: text('The address that the messages came from.'),
    agentId: textOrNull('The agent whose webhook the newest message came through; null when that is for no one agent.'),
    matchedParticipantId: textOrNull('The participant that another channel of the sender leads to; null for none.'),
    displayName: textOrNull('What the provider calls the sender; null when it does not say.'),
    conversationName: textOrNull('What the provider calls the conversation; null when it does not say.'),
    status: status.meta({ description: 'What was decided. A sender that was blocked is REJECTED here.' }),
    processedBy: textOrNull('The subject or key that decided; null while nobody has.'),
    processedAt: timestampOrNull('When that was; null while nobody has decided.'),
    processingNote: textOrNull('The note on the decision; null without one.'),
    approvedParticipantId: textOrNull('The participant that it was approved as; null unless it was approved.'),
    createdAt: timestamp('When the first message came.'),
    modifiedAt: timestamp('When the newest message came, or when it was decided, whichever was later.'),
  })
  .meta({ id: 'AccessRequest', description: 'A sender that no channel has the address of, and that asks to come in.' });

function requestOf(sender: MatchedSender): z.output<typeof AccessRequest> {
  const { id, integrationConfigId, provider, address, agentId, matchedParticipantId, displayName } = sender;
  const { conversationName, firstMessageAt, lastMessageAt, approvedParticipantId } = sender;
  // One that asks anew has what was decided before; there it is another request.
  const isPending = sender.status === 'PENDING';
  const processedAt = isPending ? null : sender.processedAt;
  return {
    id,
    integrationConfigId,
    provider,
    address,
    agentId,
    matchedParticipantId,
    displayName,
    conversationName,
    status: sender.status === 'BLOCKED' ? 'REJECTED' : sender.status,
    processedBy: isPending ? null : sender.processedBy,
    processedAt: millisOrNull(processedAt),
    processingNote: isPending ? null : sender.note,
    approvedParticipantId: isPending ? null : approvedParticipantId,
    createdAt: millis(firstMessageAt),
    modifiedAt: Math.max(millis(lastMessageAt), processedAt ? millis(processedAt) : 0),
  };
}

async function shown(db: TenantDatabase, id: string) {
  const [sender] = await matchedSenderById.load(db, [id]);
  if (!sender) throw unknownSenderNotFound(id);
  return requestOf(sender);
}

const note = z.string().nullish().meta({ description: 'Why: at most 4,000 characters.' });

const Approval = z
  .strictObject({
    mode: z
      .enum(['CREATE_NEW', 'ADD_TO_EXISTING', 'BIND_ONLY'], 'must be CREATE_NEW, ADD_TO_EXISTING or BIND_ONLY')
      .meta({
        description:
          '`CREATE_NEW` makes a new PERSON with a channel of the address. `ADD_TO_EXISTING` adds the channel to `participantId`. `BIND_ONLY` only binds the matched participant. UNSPECIFIED, null and absent are a 400.',
      }),
    displayName: z.string().nullish().meta({
      description:
        'What the new participant is called: at most 150 characters. When null or blank, what the provider calls it, or else its address. Without effect in the other modes.',
    }),
    participantId: z
      .uuid('must be a UUID')
      .nullish()
      .meta({ description: 'The participant of `ADD_TO_EXISTING`. Without effect in the other modes.' }),
    note,
  })
  .meta({ id: 'AccessRequestApproval', description: 'How to let the sender in.' });

const Rejection = z
  .strictObject({ note })
  .meta({ id: 'AccessRequestRejection', description: 'Why the sender is turned away.' });

const Requests = z.object({
  AgentId: z.string().optional().meta({ description: 'Only those whose newest message came in for this agent.' }),
  Status: z
    .enum(['UNSPECIFIED', ...status.options])
    .optional()
    .meta({ description: 'Only those of this status; UNSPECIFIED and absent are all.' }),
  ParticipantId: z
    .uuid('must be a UUID')
    .optional()
    .meta({ description: 'Only those that match this participant, or were approved as it.' }),
});

const decided = 'One that does not wait for a decision is a 400. It needs no role at the agent here, but the scope.';

/** The table of the directory face, as far as it is about senders who ask to come in. */
export const accessRequests: readonly Operation[] = [
  operation({
    id: 'listAccessRequests',
    method: 'GET',
    path: many,
    tag,
    summary: 'List requests',
    description: 'The newest message first. Unpaged: over 10,000 it is a 413.',
    scope: 'participants:read',
    query: Requests,
    answers: { 200: ['The requests.', z.array(AccessRequest)] },
    errors: [],
    async run({ db, query: { AgentId: agentId, Status, ParticipantId: participantId } }) {
      const status = Status && Status !== 'UNSPECIFIED' ? statuses[Status] : undefined;
      const senders = await listUnknownSenders(db, { agentId: agentId || undefined, status, participantId });
      return { status: 200, body: senders.map(requestOf) };
    },
  }),
  operation({
    id: 'getAccessRequest',
    method: 'GET',
    path: one,
    tag,
    summary: 'Read a request',
    scope: 'participants:read',
    answers: { 200: ['The request.', AccessRequest] },
    errors: ['UNKNOWN_SENDER_NOT_FOUND'],
    run: async ({ db, path: { participantAccessRequest: id } }) => ({ status: 200, body: await shown(db, id) }),
  }),
  operation({
    id: 'approveAccessRequest',
    method: 'POST',
    path: `${one}:approve`,
    tag,
    summary: 'Approve a request',
    description: `The participant is bound to the agent of the request. ${decided} So is a mode that lacks what it needs.`,
    scope: 'participants:write',
    body: Approval,
    answers: { 200: ['The request as it is now.', AccessRequest] },
    creates: 'approveUnknownSender',
    errors: ['UNKNOWN_SENDER_NOT_FOUND', 'PARTICIPANT_NOT_FOUND', 'CONFLICT'],
    statuses: { CONFLICT: 400 },
    async run({ db, once, viewer, services, path: { participantAccessRequest: id }, body }) {
      const { mode, note, participantId } = body;
      const displayName = body.displayName?.trim() || null;
      const approval = {
        id,
        mode,
        note,
        ...(mode === 'CREATE_NEW' && { displayName }),
        ...(mode === 'ADD_TO_EXISTING' && { participantId }),
      };
      const senderId = await once(approval, {
        async create(within, _, keepIds) {
          // The face names no agents: a mode that needs them does not fit.
          const names = named(([first]) => (first === 'agentIds' ? ['mode'] : null));
          const approving = approveUnknownSender(within, approval, viewer.id, services.participantHooks, keepIds);
          return (await approving.catch(names)).senderId;
        },
        again: async ([approved]) => approved,
      });
      return { status: 200, body: await shown(db, senderId) };
    },
  }),
  operation({
    id: 'rejectAccessRequest',
    method: 'POST',
    path: `${one}:reject`,
    tag,
    summary: 'Reject a request',
    description: `The sender’s next message asks anew, in a request of the same id. ${decided}`,
    scope: 'participants:write',
    body: Rejection,
    answers: { 200: ['The request as it is now.', AccessRequest] },
    errors: ['UNKNOWN_SENDER_NOT_FOUND', 'CONFLICT'],
    statuses: { CONFLICT: 400 },
    async run({ db, viewer, path: { participantAccessRequest: id }, body: { note } }) {
      return { status: 200, body: await shown(db, await rejectUnknownSender(db, { id, note }, viewer.id)) };
    },
  }),
];
