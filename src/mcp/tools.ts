import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';

/** The progress of something that goes on in the background. */
export type Progress = { progress: number; total: number; message: string };

/** How a tool follows what its operation has started. */
export type Following = {
  /** The operation that starts it, and the subscription that tells its states. */
  after: string;
  operation: string;
  /** Returns the subscription's variables, by the first operation's data. */
  variables(data: unknown): Record<string, unknown>;
  progress(data: unknown): Progress;
};

/** A tool: one committed document, and what a model has to know of it. */
export type Tool = {
  name: string;
  title: string;
  description: string;
  annotations: ToolAnnotations;
  /** The file of its document, without its ending. */
  document: string;
  /** The operations of the document that a call may run. Its arguments decide between several. */
  operations: readonly [string, ...string[]];
  following?: Following;
};

const reads: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

type Batch = { id: string; done: number; total: number; synced: number; failed: number };
const startedBatch = (data: unknown) => (data as { syncAgentAvatars: { batch: Batch } }).syncAgentAvatars.batch;
const batchNow = (data: unknown) => (data as { avatarSyncBatchProgress: Batch }).avatarSyncBatchProgress;

/** What every model is told before it looks at the tools. */
export const instructions = `Rollcall knows who is on the other end: the contacts of a tenant's directory, the customers, and who takes part in which conversation.
Begin with who_is when you have an identifier and need to know whose it is. Use list_contacts when you have only a name.
All tools see one tenant: that of the credential. What belongs to others does not exist here.
A refused call has isError and a code, for example FORBIDDEN (the credential lacks the scope) or VALIDATION_FAILED (a value breaks a rule). Repeat a call only when retryAfter says so.`;

export const tools: readonly Tool[] = [
  {
    name: 'who_is',
    title: 'Who is this?',
    description: `Finds everybody that an identifier leads to: contacts of the directory, customers, and their places in conversations.
Use it when you have an e-mail address, a telephone number, a customer key (fkId) or a channel's address, and need to know whose it is.
Give exactly one identifier, whole: {"by": {"email": "ada@example.com"}}. A telephone number may be written in any way that has its country code.
Answers three lists. A list is empty when nothing is found, or when the credential may not read that part: empty does not mean that the person is new.
It never finds by a name (use list_contacts), never guesses, and never changes anything.`,
    annotations: { title: 'Who is this?', ...reads },
    document: 'who-is',
    operations: ['WhoIs'],
  },
  {
    name: 'find_external_user',
    title: 'Find a customer',
    description: `Finds the one customer (external user) with an e-mail address, a telephone number or a foreign key, with all that is stored of them and the ids of their conversations.
Use it when you talk to a customer and need their record. Use who_is if the person may also be a contact or a colleague.
Give exactly one identifier, whole: {"by": {"phoneNumber": "+14155550101"}}.
Answers null for searchExternalUser when nobody has it. With an agent's key, conversationIds are those of that agent only.
It never searches by name or by a part of an identifier, and never creates a customer.`,
    annotations: { title: 'Find a customer', ...reads },
    document: 'find-external-user',
    operations: ['FindExternalUser'],
  },
  {
    name: 'list_contacts',
    title: 'List contacts',
    description: `Lists contacts (participants) of the directory, page by page: who they are, on which channels they are reached, and whether they can be reached now.
Use it to see the contacts of an agent (agentId), to find contacts by a part of a name, an address or a number (query, two characters or more), or to find who cannot be reached (reachable: false, with the reason in unreachableReason).
Answers at most first contacts, 100 at most. When pageInfo.hasNextPage is true, call again with after set to pageInfo.endCursor.
It never lists customers (use find_external_user) and never changes anything. Channel ids in the answer are what sync_avatar takes.`,
    annotations: { title: 'List contacts', ...reads },
    document: 'list-contacts',
    operations: ['ListContacts'],
  },
  {
    name: 'get_conversation_participants',
    title: 'Who takes part in a conversation?',
    description: `Lists who takes part in a conversation, as what (type) and whether they are in yet (status), in the order in which they were added.
Use it before you write into a conversation or add somebody to it.
Answers null for conversation when there is none of that id, or when it is not the credential's to see. participantId means a contact, a customer or an agent, depending on type.
It never shows messages and never changes anything.`,
    annotations: { title: 'Who takes part in a conversation?', ...reads },
    document: 'get-conversation-participants',
    operations: ['GetConversationParticipants'],
  },
  {
    name: 'ensure_conversation_participant',
    title: 'Add somebody to a conversation',
    description: `Makes sure that somebody takes part in a conversation: adds them when they are absent, and returns them unchanged when they are there already.
Use it to bring a contact, a customer, an agent or a flow into an open conversation. It is safe to call again: created is true for the one call that added them.
Name the participant in exactly one way, for example {"participant": {"contactByIdentifier": {"identifierKey": "emailaddress", "identifierValue": "ada@example.com"}}}. contactByIdentifier creates the customer when nobody has that identifier.
Answers the participation and created. A closed conversation is refused with PARTICIPANT_STATE_CONFLICT.
It never changes the status of somebody who is there, never removes anybody, and never sends a message.`,
    annotations: {
      title: 'Add somebody to a conversation',
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    document: 'ensure-conversation-participant',
    operations: ['EnsureConversationParticipant'],
  },
  {
    name: 'sync_avatar',
    title: 'Fetch avatars',
    description: `Fetches the picture of one contact from the provider of one of their channels, or those of all contacts of an agent.
For one contact give participantId and channelId (list_contacts has the ids of channels, and avatarSyncable says where it can work), or participantId, integrationConfigId and address. The answer comes when the picture is stored.
For all contacts of an agent give agentId alone. That starts a batch in the background. With a progress token the call reports progress and answers when the batch is done; without one it answers at once with the batch as it begins.
A picture that was there before is replaced for one contact; a batch keeps uploaded ones. AVATAR_NOT_AVAILABLE means that the provider has no picture: do not try again.
It never uploads a picture of your own and never removes one. To cancel the call does not stop a batch that has begun.`,
    annotations: {
      title: 'Fetch avatars',
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: true,
      openWorldHint: true,
    },
    document: 'sync-avatar',
    operations: ['SyncAvatar', 'SyncAgentAvatars'],
    following: {
      after: 'SyncAgentAvatars',
      operation: 'FollowBatch',
      variables: (data) => ({ batchId: startedBatch(data).id }),
      progress(data) {
        const { done, total, synced, failed } = batchNow(data);
        return { progress: done, total, message: `${synced} synced, ${failed} failed` };
      },
    },
  },
];
