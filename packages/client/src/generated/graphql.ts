/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Whether a batch is still at work. */
export const AvatarSyncBatchState = {
  /** Every contact is done, well or not. */
  Finished: 'FINISHED',
  /** Contacts are still to be done. */
  Running: 'RUNNING'
} as const;

export type AvatarSyncBatchState = typeof AvatarSyncBatchState[keyof typeof AvatarSyncBatchState];
/** The outcome for a participant’s avatar. */
export const AvatarSyncOutcome = {
  /** Nothing has changed; `error` says why. */
  Failed: 'FAILED',
  /** The avatar is what `participant` says now: synced, uploaded, or removed. */
  Synced: 'SYNCED'
} as const;

export type AvatarSyncOutcome = typeof AvatarSyncOutcome[keyof typeof AvatarSyncOutcome];
/** A channel that a participant is to have. */
export type ChannelInput = {
  /** The address there: 1 to 4,000 characters. One that does not fit the provider is stored, and reported by health. */
  address: string;
  /** Whether it is switched off; false when not given. */
  disabled?: boolean | null | undefined;
  /** The UUID of the integration config that it goes through. */
  integrationConfigId: string | number;
  /** What the operators call it: 1 to 150 characters. */
  label?: string | null | undefined;
  /** The lower, the earlier it is tried; 0 when not given. */
  priority?: number | null | undefined;
};

/** An external user by one of its identifiers. */
export type ContactIdentifierInput = {
  /** What kind of identifier it is. */
  identifierKey: IdentifierKey;
  /** The identifier; in any spelling that means the same. */
  identifierValue: string;
};

/** Narrows a list of conversations. Every field that is given must hold; null is as good as absent. */
export type ConversationFilter = {
  /** Only those that belong to this agent. */
  agentId?: string | number | null | undefined;
  /** Only those that were closed, later than this. */
  closedAfter?: string | null | undefined;
  /** Only those that were closed, earlier than this. */
  closedBefore?: string | null | undefined;
  /** Only those that were created later than this. */
  createdAfter?: string | null | undefined;
  /** Only those that were created earlier than this. */
  createdBefore?: string | null | undefined;
  /** Only those in which this external user, by its UUID, is a `CONTACT`. */
  externalUserId?: string | number | null | undefined;
  /** The order; null for the newest first, or, with a query, the best matches first. */
  orderBy?: ConversationOrder | null | undefined;
  /** Only those in which this participant, by its UUID, is a `USER`. */
  participantId?: string | number | null | undefined;
  /** What a person would type: 2 to 255 characters after trimming, found anywhere in what is searched, without regard to case and accents. Digits find telephone numbers however either is written. Whole texts come first, then names that begin with it, other texts that do, and the rest, each by name and id. Searches the conversations’ names. With `orderBy`, that is the order. */
  query?: string | null | undefined;
  /** Only the open ones, or only the closed ones. */
  status?: ConversationStatus | null | undefined;
};

/** What conversations are ordered by. */
export type ConversationOrder = {
  /** The direction: the latest first unless given. */
  direction?: OrderDirection | null | undefined;
  /** What to order by. */
  field: ConversationOrderField;
};

/** What conversations can be ordered by; those of the same time by id. */
export const ConversationOrderField = {
  /** When they were closed. One that is open counts as closed last. */
  ClosedAt: 'CLOSED_AT',
  /** When they were created. */
  CreatedAt: 'CREATED_AT'
} as const;

export type ConversationOrderField = typeof ConversationOrderField[keyof typeof ConversationOrderField];
/** What happened to a conversation participant. */
export const ConversationParticipantChange = {
  /** It was added. */
  Added: 'ADDED',
  /** It was removed. */
  Removed: 'REMOVED',
  /** Its status changed. */
  Updated: 'UPDATED'
} as const;

export type ConversationParticipantChange = typeof ConversationParticipantChange[keyof typeof ConversationParticipantChange];
/** The status of a conversation participant. */
export const ConversationParticipantStatus = {
  /** Can send and receive messages. Stays so. */
  Active: 'ACTIVE',
  /** Awaits the participant’s own acceptance. Can become `ACTIVE`. */
  Invited: 'INVITED',
  /** Awaits approval. Can become `ACTIVE` or `INVITED`. */
  Pending: 'PENDING'
} as const;

export type ConversationParticipantStatus = typeof ConversationParticipantStatus[keyof typeof ConversationParticipantStatus];
/** The kind of a conversation participant. It decides what `participantId` means. */
export const ConversationParticipantType = {
  /** A program; `participantId` is its access key’s id. */
  AccessKey: 'ACCESS_KEY',
  /** An AI agent; `participantId` is the agent’s id. */
  Agent: 'AGENT',
  /** A bot; `participantId` is its id in the caller’s system. */
  Bot: 'BOT',
  /** A channel that speaks for itself; `participantId` is its id in the caller’s system. */
  Channel: 'CHANNEL',
  /** An automation of the team’s collaboration; `participantId` is its id in the caller’s system. */
  CollaborationAutomation: 'COLLABORATION_AUTOMATION',
  /** A connector to another system; `participantId` is its id in the caller’s system. */
  Connector: 'CONNECTOR',
  /** A customer; `participantId` is the external user’s UUID. */
  Contact: 'CONTACT',
  /** An automated flow; `participantId` is its id in the caller’s system. */
  Flow: 'FLOW',
  /** A participant of the tenant’s directory; `participantId` is its UUID. */
  User: 'USER'
} as const;

export type ConversationParticipantType = typeof ConversationParticipantType[keyof typeof ConversationParticipantType];
/** Whether a conversation goes on. */
export const ConversationStatus = {
  /** It has ended: nobody can be added to it, and no status in it changes. */
  Closed: 'CLOSED',
  /** It goes on. */
  Open: 'OPEN'
} as const;

export type ConversationStatus = typeof ConversationStatus[keyof typeof ConversationStatus];
/** The participant to create. */
export type CreateParticipantInput = {
  /** The agents to bind the participant to: at most 1,000. */
  agentIds?: Array<string | number> | null | undefined;
  /** A stored file of the tenant, like another participant’s `avatarFileId`, to be the avatar as if it had been uploaded; null for none. One that is not there is `FILE_NOT_FOUND`. */
  avatarFileId?: string | number | null | undefined;
  /** The ways to reach the participant: at most 100, none of them twice. */
  channels?: Array<ChannelInput> | null | undefined;
  /** What the participant is called: 1 to 150 characters after trimming. */
  displayName: string;
  /** An e-mail address of at most 4,000 characters, kept as given and compared without case. */
  email?: string | null | undefined;
  /** A text of your choice, of 1 to 255 characters, kept for a day: the same key and input from the same credential create nothing again, and give what was created the first time, as it is now. Another input is `CONFLICT`. What was refused is not kept. */
  idempotencyKey?: string | null | undefined;
  /** What the participant is. It cannot be changed later. */
  kind: ParticipantKind;
  /** The agent that an AI_AGENT is. Required for that kind, refused for the others. */
  relatedAgentId?: string | number | null | undefined;
};

/** The participant to delete. */
export type DeleteParticipantInput = {
  /** The participant’s UUID. */
  participantId: string | number;
};

/** The conversation, and the participant to ensure in it. */
export type EnsureConversationParticipantInput = {
  /** The conversation’s UUID. */
  conversationId: string | number;
  /** A text of your choice, of 1 to 255 characters, kept for a day: the same key and input from the same credential create nothing again, and give what was created the first time, as it is now. Another input is `CONFLICT`. What was refused is not kept. */
  idempotencyKey?: string | null | undefined;
  /** The participant to add. */
  participant: EnsureParticipantInput;
  /** The status to add the participant with; null means `ACTIVE`. Ignored when the participant is there already. */
  status?: ConversationParticipantStatus | null | undefined;
};

/** The participant to add: exactly one of these. */
export type EnsureParticipantInput =
  {   /** An AI agent of the tenant. */
  agent: ParticipantReferenceInput; contact?: never; contactByIdentifier?: never; flow?: never; user?: never; }
  |  { agent?: never;   /** An external user. */
  contact: ParticipantReferenceInput; contactByIdentifier?: never; flow?: never; user?: never; }
  |  { agent?: never; contact?: never;   /** An external user by one of its identifiers. If no user has it, one is created in the same transaction; `conversations:write` is enough for that. */
  contactByIdentifier: ContactIdentifierInput; flow?: never; user?: never; }
  |  { agent?: never; contact?: never; contactByIdentifier?: never;   /** An automated flow of the caller’s system. It is not checked. */
  flow: ParticipantReferenceInput; user?: never; }
  |  { agent?: never; contact?: never; contactByIdentifier?: never; flow?: never;   /** A participant of the tenant’s directory. */
  user: ParticipantReferenceInput; };

/** The codes of errors: in the `extensions` of an error of a result, and wherever the graph tells of one. */
export const ErrorCode = {
  /** 404. The tenant has no agent of that id. */
  AgentNotFound: 'AGENT_NOT_FOUND',
  /** 422. The file is not an acceptable image. */
  AvatarInvalid: 'AVATAR_INVALID',
  /** 400. The provider has no image for the address: a group, a channel, a default avatar. */
  AvatarNotAvailable: 'AVATAR_NOT_AVAILABLE',
  /** 400. No avatars can be had from the channel’s provider. */
  AvatarSourceNotRegistered: 'AVATAR_SOURCE_NOT_REGISTERED',
  /** 404. The tenant has no batch of avatar syncs, or no failed avatar sync, of that id. Finished ones are kept for some days. */
  AvatarSyncNotFound: 'AVATAR_SYNC_NOT_FOUND',
  /** 400. The request or its variables do not fit the schema. */
  BadUserInput: 'BAD_USER_INPUT',
  /** 404. The tenant has no binding of that id. */
  BindingNotFound: 'BINDING_NOT_FOUND',
  /** 404. The tenant has no channel of that id. */
  ChannelNotFound: 'CHANNEL_NOT_FOUND',
  /** 400. The named channel is not one of the participant’s. */
  ChannelNotOnParticipant: 'CHANNEL_NOT_ON_PARTICIPANT',
  /** 409. A unique value is taken, somebody was faster (`ifModifiedAt`), the same has been decided already, something else still depends on it, or an idempotency key came with another input. */
  Conflict: 'CONFLICT',
  /** 404. The tenant has no conversation of that id. */
  ConversationNotFound: 'CONVERSATION_NOT_FOUND',
  /** 404. The conversation has no participant of that identity. */
  ConversationParticipantNotFound: 'CONVERSATION_PARTICIPANT_NOT_FOUND',
  /** 403. Only trusted documents run here (`TRUSTED_DOCUMENTS_ONLY`). Send the id of one as `documentId`, or its hash. */
  DocumentNotTrusted: 'DOCUMENT_NOT_TRUSTED',
  /** 404. The tenant has no duplicate candidate of that id, or not any more. */
  DuplicateCandidateNotFound: 'DUPLICATE_CANDIDATE_NOT_FOUND',
  /** 404. The tenant has no external user of that id. */
  ExternalUserNotFound: 'EXTERNAL_USER_NOT_FOUND',
  /** 404. There is no file of that id, or the URL’s signature does not verify or has expired. */
  FileNotFound: 'FILE_NOT_FOUND',
  /** 403. The credential lacks the scope. */
  Forbidden: 'FORBIDDEN',
  /** 400. The document is not GraphQL. */
  GraphqlParseFailed: 'GRAPHQL_PARSE_FAILED',
  /** 400. The document does not fit the schema, or is over a limit of depth, aliases or size. */
  GraphqlValidationFailed: 'GRAPHQL_VALIDATION_FAILED',
  /** 404. The tenant has no integration config of that id. */
  IntegrationConfigNotFound: 'INTEGRATION_CONFIG_NOT_FOUND',
  /** 400. The integration config has no working token. */
  IntegrationNotConnected: 'INTEGRATION_NOT_CONNECTED',
  /** 500. Something unexpected; the log has it under `instance`. */
  Internal: 'INTERNAL',
  /** 404. There is no access key, agent secret key or webhook key of that id. */
  KeyNotFound: 'KEY_NOT_FOUND',
  /** 404. The tenant has no merge of that id. */
  MergeNotFound: 'MERGE_NOT_FOUND',
  /** 405. The path is served, but not for that HTTP method. */
  MethodNotAllowed: 'METHOD_NOT_ALLOWED',
  /** 404. Nothing is served at that path. */
  NotFound: 'NOT_FOUND',
  /** 501. A REST face’s system has it, and this service has nothing to answer it with. */
  NotImplemented: 'NOT_IMPLEMENTED',
  /** 404. The tenant has no participant of that id. */
  ParticipantNotFound: 'PARTICIPANT_NOT_FOUND',
  /** 409. The status, or the closed conversation, forbids the change. */
  ParticipantStateConflict: 'PARTICIPANT_STATE_CONFLICT',
  /** 404. No trusted document has that id or hash. The response has the status 200: Apollo’s clients then send the hash with the text. */
  PersistedQueryNotFound: 'PERSISTED_QUERY_NOT_FOUND',
  /** 400. A document’s id or hash came without its text, and there are no trusted documents here. The response has the status 200: Apollo’s clients then send the text. */
  PersistedQueryNotSupported: 'PERSISTED_QUERY_NOT_SUPPORTED',
  /** 429. The provider asks to wait; `retryAfter` says how many seconds. */
  ProviderRateLimited: 'PROVIDER_RATE_LIMITED',
  /** 502. The provider failed (502) or was too slow (504). */
  ProviderUnavailable: 'PROVIDER_UNAVAILABLE',
  /** 429. Too many requests; `retryAfter` says how many seconds to wait. */
  RateLimited: 'RATE_LIMITED',
  /** 403. The last active user or agent of an open conversation stays. */
  RemovalNotAllowed: 'REMOVAL_NOT_ALLOWED',
  /** 413. An unpaged list over 10,000 rows: use the connection. A result of more than 16 MB, or of more than 400,000 fields with those that take longer counted several times: ask for less at once. Or a request body over its limit. */
  ResultTooLarge: 'RESULT_TOO_LARGE',
  /** 401. No credential, more than one, or one that does not verify. */
  Unauthenticated: 'UNAUTHENTICATED',
  /** 503. The database is away, or the server is stopping; `retryAfter` says how many seconds to wait. */
  Unavailable: 'UNAVAILABLE',
  /** 404. The tenant has no unknown sender of that id. */
  UnknownSenderNotFound: 'UNKNOWN_SENDER_NOT_FOUND',
  /** 422. Understood, but cannot be done: the query would cost more than is allowed at once, or the provider cannot be signed in to. */
  Unprocessable: 'UNPROCESSABLE',
  /** 400. Another external user has that e-mail, telephone number or foreign key; `field` and `errors` name what clashes, and `existingId` the user who has it, for viewers with `users:read`. */
  UserAlreadyExists: 'USER_ALREADY_EXISTS',
  /** 400. A value breaks a rule; `errors` names every violation. */
  ValidationFailed: 'VALIDATION_FAILED'
} as const;

export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];
/** The identifier to search for: exactly one of these. */
export type ExternalUserSearchInput =
  {   /** An e-mail address, in any case. */
  email: string; fkId?: never; phoneNumber?: never; }
  |  { email?: never;   /** The user’s key in the caller’s own system, exactly as it was given. */
  fkId: string; phoneNumber?: never; }
  |  { email?: never; fkId?: never;   /** A telephone number, in any international spelling. */
  phoneNumber: string; };

/** What kind of identifier an external user is named by. */
export const IdentifierKey = {
  /** The e-mail address, in any case. */
  Emailaddress: 'emailaddress',
  /** The user’s key in the caller’s own system, exactly as it was given. */
  Fkid: 'fkid',
  /** The telephone number: E.164 when it comes out, any international spelling when it goes in. */
  Phonenumber: 'phonenumber'
} as const;

export type IdentifierKey = typeof IdentifierKey[keyof typeof IdentifierKey];
/** An address at a messaging provider. */
export type IdentityChannelInput = {
  /** The address there, in any of its spellings: white space around it does not count; e-mail addresses, Telegram’s names, and Teams’ object ids and principal names are compared without case, telephone numbers by the telephone. A number without a plus is one of the countries that the provider’s configs name (`defaultRegion`). */
  address: string;
  /** The provider, like `slack`, in any case. */
  provider: string;
};

/** The identifier to ask about: exactly one of these. */
export type IdentityInput =
  {   /** A channel’s address. */
  channel: IdentityChannelInput; email?: never; fkId?: never; phoneNumber?: never; }
  |  { channel?: never;   /** An e-mail address, in any case; its domain in any script. */
  email: string; fkId?: never; phoneNumber?: never; }
  |  { channel?: never; email?: never;   /** An external user’s key in the caller’s own system, exactly as it was given. */
  fkId: string; phoneNumber?: never; }
  |  { channel?: never; email?: never; fkId?: never;   /** A telephone number, in any international spelling. */
  phoneNumber: string; };

/** The direction of an order. */
export const OrderDirection = {
  /** The earliest first. */
  Asc: 'ASC',
  /** The latest first. */
  Desc: 'DESC'
} as const;

export type OrderDirection = typeof OrderDirection[keyof typeof OrderDirection];
/** Narrows a list of participants. Every field that is given must hold; null is as good as absent. */
export type ParticipantFilter = {
  /** Only those bound to this agent. */
  agentId?: string | number | null | undefined;
  /** Only the disabled ones, or only the others. */
  disabled?: boolean | null | undefined;
  /** Only those with this e-mail address, in any case. */
  email?: string | null | undefined;
  /** Only those of this kind. */
  kind?: ParticipantKind | null | undefined;
  /** Only those with a channel of this provider, like `slack`, in any case. One that nobody has finds nobody. */
  provider?: string | null | undefined;
  /** What a person would type: 2 to 255 characters after trimming, found anywhere in what is searched, without regard to case and accents. Digits find telephone numbers however either is written. Whole texts come first, then names that begin with it, other texts that do, and the rest, each by name and id. Searches names, e-mail addresses and the addresses of channels. */
  query?: string | null | undefined;
  /** Only those who can be reached, or only the others, as `health` says. */
  reachable?: boolean | null | undefined;
  /** Only those who cannot be reached for this reason, as `health` says. Together with `reachable: true`, nobody. */
  reason?: UnreachableReason | null | undefined;
};

/** What a participant is. Fixed at creation. */
export const ParticipantKind = {
  /** An AI agent of the tenant, represented as a participant. */
  AiAgent: 'AI_AGENT',
  /** Several people on one channel, like a Slack channel. */
  Group: 'GROUP',
  /** A human being. */
  Person: 'PERSON'
} as const;

export type ParticipantKind = typeof ParticipantKind[keyof typeof ParticipantKind];
/** A reference by id. */
export type ParticipantReferenceInput = {
  /** A UUID for users and contacts, the agent’s id for agents, 1 to 255 characters for flows. */
  id: string | number;
};

/** The membership to remove, named by exactly one of `conversationParticipantId`, `participantId` and `contact`. */
export type RemoveConversationParticipantInput = {
  /** An identifier of the contact’s external user. Null when `participantId` is given. */
  contact?: ContactIdentifierInput | null | undefined;
  /** The conversation’s UUID. */
  conversationId: string | number;
  /** The membership’s own UUID: the `id` of the conversation participant. Null when it is named otherwise. */
  conversationParticipantId?: string | number | null | undefined;
  /** The `participantId`, of any type. If several types share it, the `USER` is meant. Null when `contact` is given. */
  participantId?: string | number | null | undefined;
};

/** What a credential may do. */
export const Scope = {
  /** Everything, and the keys of the tenant. */
  Admin: 'ADMIN',
  /** Read conversations and who takes part in them. */
  ConversationsRead: 'CONVERSATIONS_READ',
  /** Create and close conversations, and change who takes part in them. */
  ConversationsWrite: 'CONVERSATIONS_WRITE',
  /** Create, connect and disconnect integration configs. */
  IntegrationsWrite: 'INTEGRATIONS_WRITE',
  /** Read participants, channels, bindings, agents and integration configs. */
  ParticipantsRead: 'PARTICIPANTS_READ',
  /** Create and change participants, bindings, avatars and agents. */
  ParticipantsWrite: 'PARTICIPANTS_WRITE',
  /** Read external users. */
  UsersRead: 'USERS_READ',
  /** Create, change and delete external users. */
  UsersWrite: 'USERS_WRITE'
} as const;

export type Scope = typeof Scope[keyof typeof Scope];
/** The agent whose contacts to sync. */
export type SyncAgentAvatarsInput = {
  /** The agent whose contacts are to be synced. */
  agentId: string | number;
  /** A text of your choice, of 1 to 255 characters, kept for a day: the same key and input from the same credential create nothing again, and give what was created the first time, as it is now. Another input is `CONFLICT`. What was refused is not kept. */
  idempotencyKey?: string | null | undefined;
};

/** Why somebody cannot be reached. From the most general to the least: DISABLED, NO_CHANNEL, CHANNEL_DISABLED, INVALID_FORMAT, NOT_CONNECTED, KEY_REVOKED. */
export const UnreachableReason = {
  /** The channel is disabled. */
  ChannelDisabled: 'CHANNEL_DISABLED',
  /** The participant is disabled. */
  Disabled: 'DISABLED',
  /** The address does not fit the provider. */
  InvalidFormat: 'INVALID_FORMAT',
  /** The channel had webhook keys, and all of them have been revoked. */
  KeyRevoked: 'KEY_REVOKED',
  /** The integration config is not connected to the provider. */
  NotConnected: 'NOT_CONNECTED',
  /** The participant has no channel. */
  NoChannel: 'NO_CHANNEL'
} as const;

export type UnreachableReason = typeof UnreachableReason[keyof typeof UnreachableReason];
/** The changes to make. What is absent stays as it is. */
export type UpdateParticipantInput = {
  /** Binds the participant to exactly these agents; an empty list unbinds it from all, and null is refused. */
  agentIds?: Array<string | number> | null | undefined;
  /** A stored file of the tenant to be the avatar, as if it had been uploaded; an empty text removes the avatar, and null is as good as absent. One that is not there is `FILE_NOT_FOUND`. */
  avatarFileId?: string | number | null | undefined;
  /** Replaces the whole list; an empty one clears it, and null is refused. A channel that stays, by config and address, keeps its id. */
  channels?: Array<ChannelInput> | null | undefined;
  /** What the participant is called: 1 to 150 characters after trimming. Null is refused. */
  displayName?: string | null | undefined;
  /** An e-mail address; null clears it. */
  email?: string | null | undefined;
  /** The `modifiedAt` that you have read. When it has changed since, nothing is done and the answer is `CONFLICT`. Null is as good as absent. */
  ifModifiedAt?: string | null | undefined;
  /** The participant’s UUID. */
  participantId: string | number;
  /** Another agent for an AI_AGENT to be. Refused for the other kinds, and so is null. */
  relatedAgentId?: string | number | null | undefined;
};

/** What kind of credential a request came with. */
export const ViewerKind = {
  /** An access key: a program. */
  AccessKey: 'ACCESS_KEY',
  /** An agent’s secret key: confined to external users and that agent’s conversations. */
  AgentKey: 'AGENT_KEY',
  /** A bearer token: somebody who signed in. */
  User: 'USER'
} as const;

export type ViewerKind = typeof ViewerKind[keyof typeof ViewerKind];
export type AvatarSyncedSubscriptionVariables = Exact<{
  participantIds?: Array<string | number> | string | number | null | undefined;
}>;


export type AvatarSyncedSubscription = { participantAvatarSynced: { __typename: 'AvatarSyncEvent', outcome: AvatarSyncOutcome, participant: { __typename: 'Participant', id: string, avatarUrl: string | null }, error: { __typename: 'AvatarSyncError', code: ErrorCode, status: number, detail: string } | null } };

export type AvatarBatchFragment = { __typename: 'AvatarSyncBatch', id: string, state: AvatarSyncBatchState, total: number, done: number, synced: number, failed: number, finishedAt: string | null };

export type SyncAvatarsMutationVariables = Exact<{
  input: SyncAgentAvatarsInput;
}>;


export type SyncAvatarsMutation = { __typename: 'Mutation', syncAgentAvatars: { __typename: 'SyncAgentAvatarsPayload', batch: { __typename: 'AvatarSyncBatch', id: string, state: AvatarSyncBatchState, total: number, done: number, synced: number, failed: number, finishedAt: string | null } } | null };

export type AvatarBatchProgressSubscriptionVariables = Exact<{
  batchId: string | number;
}>;


export type AvatarBatchProgressSubscription = { avatarSyncBatchProgress: { __typename: 'AvatarSyncBatch', id: string, state: AvatarSyncBatchState, total: number, done: number, synced: number, failed: number, finishedAt: string | null } };

export type ChannelFragment = { __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null };

export type ContactFragment = { __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> };

export type ContactsQueryVariables = Exact<{
  agentId: string | number;
}>;


export type ContactsQuery = { __typename: 'Query', participants: Array<{ __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> }> };

export type ContactPageQueryVariables = Exact<{
  filter?: ParticipantFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ContactPageQuery = { __typename: 'Query', participantsConnection: { __typename: 'ParticipantConnection', totalCount: number | null, nodes: Array<{ __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type ContactQueryVariables = Exact<{
  id: string | number;
}>;


export type ContactQuery = { __typename: 'Query', participant: { __typename: 'Participant', createdAt: string, modifiedAt: string, id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> } | null };

export type CreateContactMutationVariables = Exact<{
  input: CreateParticipantInput;
}>;


export type CreateContactMutation = { __typename: 'Mutation', createParticipant: { __typename: 'CreateParticipantPayload', participant: { __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> } } | null };

export type UpdateContactMutationVariables = Exact<{
  input: UpdateParticipantInput;
}>;


export type UpdateContactMutation = { __typename: 'Mutation', updateParticipant: { __typename: 'UpdateParticipantPayload', participant: { __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> } } | null };

export type DeleteContactMutationVariables = Exact<{
  input: DeleteParticipantInput;
}>;


export type DeleteContactMutation = { __typename: 'Mutation', deleteParticipant: { __typename: 'DeleteParticipantPayload', deletedId: string } | null };

export type ContactsChangedSubscriptionVariables = Exact<{
  agentId: string | number;
}>;


export type ContactsChangedSubscription = { participantChanged: { __typename: 'ParticipantsChangedEvent', everything: boolean, removedIds: Array<string>, participants: Array<{ __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> }> } };

export type MembershipFragment = { __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null };

export type ConversationFragment = { __typename: 'Conversation', id: string, name: string | null, status: ConversationStatus, agentId: string | null, createdAt: string, closedAt: string | null };

export type InboxQueryVariables = Exact<{
  filter?: ConversationFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type InboxQuery = { __typename: 'Query', conversationsConnection: { __typename: 'ConversationConnection', totalCount: number | null, nodes: Array<{ __typename: 'Conversation', id: string, name: string | null, status: ConversationStatus, agentId: string | null, createdAt: string, closedAt: string | null, participants: Array<{ __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null }> }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type ConversationQueryVariables = Exact<{
  id: string | number;
}>;


export type ConversationQuery = { __typename: 'Query', conversation: { __typename: 'Conversation', id: string, name: string | null, status: ConversationStatus, agentId: string | null, createdAt: string, closedAt: string | null, participants: Array<{ __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null }> } | null };

export type EnsureMemberMutationVariables = Exact<{
  input: EnsureConversationParticipantInput;
}>;


export type EnsureMemberMutation = { __typename: 'Mutation', ensureConversationParticipant: { __typename: 'EnsureConversationParticipantPayload', created: boolean, participant: { __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null } } | null };

export type RemoveMemberMutationVariables = Exact<{
  input: RemoveConversationParticipantInput;
}>;


export type RemoveMemberMutation = { __typename: 'Mutation', removeConversationParticipant: { __typename: 'RemoveConversationParticipantPayload', removedId: string } | null };

export type MembersChangedSubscriptionVariables = Exact<{
  conversationId: string | number;
}>;


export type MembersChangedSubscription = { conversationParticipantChanged: { __typename: 'ConversationParticipantEvent', change: ConversationParticipantChange, conversationParticipantId: string, participant: { __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null } | null } };

export type CustomerFragment = { __typename: 'ExternalUser', id: string, displayName: string, firstName: string | null, lastName: string | null, email: string | null, phoneNumber: string | null, fkId: string | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { __typename: 'Query', viewer: { __typename: 'Viewer', kind: ViewerKind, scopes: Array<Scope>, tenant: { __typename: 'Tenant', id: string, name: string } } };

export type WhoIsQueryVariables = Exact<{
  by: IdentityInput;
}>;


export type WhoIsQuery = { __typename: 'Query', whoIs: { __typename: 'Identity', participants: Array<{ __typename: 'Participant', id: string, kind: ParticipantKind, displayName: string, email: string | null, avatarUrl: string | null, agentIds: Array<string>, disabledAt: string | null, reachable: boolean, unreachableReason: UnreachableReason | null, channels: Array<{ __typename: 'Channel', id: string, provider: string, address: string, label: string | null, disabled: boolean, reachable: boolean, unreachableReason: UnreachableReason | null }> }>, externalUsers: Array<{ __typename: 'ExternalUser', id: string, displayName: string, firstName: string | null, lastName: string | null, email: string | null, phoneNumber: string | null, fkId: string | null }>, conversationParticipants: Array<{ __typename: 'ConversationParticipant', id: string, participantId: string, type: ConversationParticipantType, status: ConversationParticipantStatus, displayName: string | null, avatarUrl: string | null, conversation: { __typename: 'Conversation', id: string, name: string | null, status: ConversationStatus, agentId: string | null, createdAt: string, closedAt: string | null }, contact: { __typename: 'ContactIdentifier', identifierKey: IdentifierKey, identifierValue: string } | null }> } };

export type FindCustomerQueryVariables = Exact<{
  by: ExternalUserSearchInput;
}>;


export type FindCustomerQuery = { __typename: 'Query', searchExternalUser: { __typename: 'ExternalUserSearchResult', conversationIds: Array<string>, externalUser: { __typename: 'ExternalUser', id: string, displayName: string, firstName: string | null, lastName: string | null, email: string | null, phoneNumber: string | null, fkId: string | null } } | null };

export const AvatarBatchFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AvatarBatch"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AvatarSyncBatch"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"synced"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}}]} as unknown as DocumentNode<AvatarBatchFragment, unknown>;
export const ChannelFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}}]} as unknown as DocumentNode<ChannelFragment, unknown>;
export const ContactFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}}]} as unknown as DocumentNode<ContactFragment, unknown>;
export const MembershipFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}}]} as unknown as DocumentNode<MembershipFragment, unknown>;
export const ConversationFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Conversation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Conversation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"agentId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}}]} as unknown as DocumentNode<ConversationFragment, unknown>;
export const CustomerFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Customer"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExternalUser"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"firstName"}},{"kind":"Field","name":{"kind":"Name","value":"lastName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"fkId"}}]}}]} as unknown as DocumentNode<CustomerFragment, unknown>;
export const AvatarSyncedDocument = {"__meta__":{"hash":"sha256:1e95f380a33a0df92e13e54bf7b47c68327b084c2aeaf5e5b5a7c814a6b0c1cc"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"AvatarSynced"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"participantIds"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"participantAvatarSynced"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"participantIds"},"value":{"kind":"Variable","name":{"kind":"Name","value":"participantIds"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}}]}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}}]}}]}}]}}]} as unknown as DocumentNode<AvatarSyncedSubscription, AvatarSyncedSubscriptionVariables>;
export const SyncAvatarsDocument = {"__meta__":{"hash":"sha256:fb4d9ff1aa48897e504ffa2e11941357801be5ee0035aad13f151185c68b1db9"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SyncAvatars"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SyncAgentAvatarsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"syncAgentAvatars"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"batch"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"AvatarBatch"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AvatarBatch"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AvatarSyncBatch"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"synced"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}}]} as unknown as DocumentNode<SyncAvatarsMutation, SyncAvatarsMutationVariables>;
export const AvatarBatchProgressDocument = {"__meta__":{"hash":"sha256:327c60c235c3ef6ff26757449429a6c3f0d65fa60375728509566bf88e5083f9"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"AvatarBatchProgress"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"batchId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"avatarSyncBatchProgress"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"batchId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"batchId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"AvatarBatch"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AvatarBatch"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"AvatarSyncBatch"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"synced"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}}]} as unknown as DocumentNode<AvatarBatchProgressSubscription, AvatarBatchProgressSubscriptionVariables>;
export const ContactsDocument = {"__meta__":{"hash":"sha256:6d59bc97212bed1f55bf6b53128eb4dbf7d815f8eecaa46838da7f83555a9c57"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contacts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"agentId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participants"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"agentId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"agentId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<ContactsQuery, ContactsQueryVariables>;
export const ContactPageDocument = {"__meta__":{"hash":"sha256:4d8f915293e615a082adb3578b1b0a70da666e632859e2f6fb1c9f528ec071ca"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContactPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ParticipantFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participantsConnection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<ContactPageQuery, ContactPageQueryVariables>;
export const ContactDocument = {"__meta__":{"hash":"sha256:31a38c3c4d07bc7043a39d0a4455c77bd030b9825f23386e791e8beae256aaac"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"modifiedAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<ContactQuery, ContactQueryVariables>;
export const CreateContactDocument = {"__meta__":{"hash":"sha256:7f9886031ef671d473689da6d61e1cdd6eb082c30c602dc5129874f8543b1645"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateParticipantInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"createParticipant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<CreateContactMutation, CreateContactMutationVariables>;
export const UpdateContactDocument = {"__meta__":{"hash":"sha256:39c0bc462edb801c49e424b57ccd3cf3feb0ae7b2357c5abc66530f51dc7c0cf"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateParticipantInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"updateParticipant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<UpdateContactMutation, UpdateContactMutationVariables>;
export const DeleteContactDocument = {"__meta__":{"hash":"sha256:784fe25f3e44923b10e0ef0a99f90eebfb3711bdbeb4efb6e3ae57af48d5d25e"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteParticipantInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"deleteParticipant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"deletedId"}}]}}]}}]} as unknown as DocumentNode<DeleteContactMutation, DeleteContactMutationVariables>;
export const ContactsChangedDocument = {"__meta__":{"hash":"sha256:69331cf08c50474c9f54654d4257b038950b15846de7f0eae2208d8257198eb8"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ContactsChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"agentId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"participantChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"agentId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"agentId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"everything"}},{"kind":"Field","name":{"kind":"Name","value":"participants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}},{"kind":"Field","name":{"kind":"Name","value":"removedIds"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}}]} as unknown as DocumentNode<ContactsChangedSubscription, ContactsChangedSubscriptionVariables>;
export const InboxDocument = {"__meta__":{"hash":"sha256:bc15c8da0d18b2616c28596a492c45207d795e37f29787b75c8860ec9e3f1c0d"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Inbox"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"conversationsConnection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Conversation"}},{"kind":"Field","name":{"kind":"Name","value":"participants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Membership"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Conversation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Conversation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"agentId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}}]} as unknown as DocumentNode<InboxQuery, InboxQueryVariables>;
export const ConversationDocument = {"__meta__":{"hash":"sha256:3390cb4e750f49a6d77b48bc1d47b0d88c41428bd0b2b2cf27ef4fc2069c85a2"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Conversation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Conversation"}},{"kind":"Field","name":{"kind":"Name","value":"participants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Membership"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Conversation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Conversation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"agentId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}}]} as unknown as DocumentNode<ConversationQuery, ConversationQueryVariables>;
export const EnsureMemberDocument = {"__meta__":{"hash":"sha256:261335978cb93dabeb3b77f37c56fec7b1095144e61966547002e197a463035c"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EnsureMember"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"EnsureConversationParticipantInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"ensureConversationParticipant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"created"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Membership"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}}]} as unknown as DocumentNode<EnsureMemberMutation, EnsureMemberMutationVariables>;
export const RemoveMemberDocument = {"__meta__":{"hash":"sha256:93323147f46efd541b716de552ba67686880209069a769d31da715d75ac0aa4d"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveMember"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RemoveConversationParticipantInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"removeConversationParticipant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"removedId"}}]}}]}}]} as unknown as DocumentNode<RemoveMemberMutation, RemoveMemberMutationVariables>;
export const MembersChangedDocument = {"__meta__":{"hash":"sha256:7e4951cf9a06bdc982857a4909d0d9ff6ffddd6c04664069bfac3f307640ff30"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"MembersChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversationParticipantChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"conversationId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"change"}},{"kind":"Field","name":{"kind":"Name","value":"conversationParticipantId"}},{"kind":"Field","name":{"kind":"Name","value":"participant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Membership"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}}]} as unknown as DocumentNode<MembersChangedSubscription, MembersChangedSubscriptionVariables>;
export const ViewerDocument = {"__meta__":{"hash":"sha256:439cdfb1cdf2d6d33812e2c5163c6f10c7bbecb69cc36d0db56d83c3b464603c"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"scopes"}},{"kind":"Field","name":{"kind":"Name","value":"tenant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]} as unknown as DocumentNode<ViewerQuery, ViewerQueryVariables>;
export const WhoIsDocument = {"__meta__":{"hash":"sha256:51748d0e9d1b936660891d0d702c3487c15cfc14127bea45fd89c9e3974ea59f"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WhoIs"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"by"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"IdentityInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"whoIs"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"by"},"value":{"kind":"Variable","name":{"kind":"Name","value":"by"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"participants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Contact"}}]}},{"kind":"Field","name":{"kind":"Name","value":"externalUsers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Customer"}}]}},{"kind":"Field","name":{"kind":"Name","value":"conversationParticipants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Membership"}},{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Conversation"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Channel"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Channel"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"address"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"disabled"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Contact"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Participant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"agentIds"}},{"kind":"Field","name":{"kind":"Name","value":"disabledAt"}},{"kind":"Field","name":{"kind":"Name","value":"reachable"}},{"kind":"Field","name":{"kind":"Name","value":"unreachableReason"}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Channel"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Customer"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExternalUser"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"firstName"}},{"kind":"Field","name":{"kind":"Name","value":"lastName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"fkId"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Membership"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConversationParticipant"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"participantId"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"identifierKey"}},{"kind":"Field","name":{"kind":"Name","value":"identifierValue"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Conversation"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Conversation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"agentId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}}]} as unknown as DocumentNode<WhoIsQuery, WhoIsQueryVariables>;
export const FindCustomerDocument = {"__meta__":{"hash":"sha256:ac43198532cd67e01dd595a4b7646babcedb9b058b5da69eded38e754a29b456"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FindCustomer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"by"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ExternalUserSearchInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"searchExternalUser"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"by"},"value":{"kind":"Variable","name":{"kind":"Name","value":"by"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"externalUser"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"Customer"}}]}},{"kind":"Field","name":{"kind":"Name","value":"conversationIds"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Customer"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExternalUser"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"firstName"}},{"kind":"Field","name":{"kind":"Name","value":"lastName"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"fkId"}}]}}]} as unknown as DocumentNode<FindCustomerQuery, FindCustomerQueryVariables>;