import type { Repeater } from '@repeaterjs/repeater';
import type { ErrorCode } from '../errors/catalogue.ts';

/** What happened to a row that a list shows. */
export type RowChange = 'CREATED' | 'UPDATED' | 'DELETED';

/**
 * What is announced after a commit. Events carry ids and outcomes, never rows. A subscription reads the rows again with
 * its viewer's rights.
 */
export type Events = {
  /** A participant has another avatar or none, or a sync of it has failed for good. */
  avatarSynced: {
    participantId: string;
    error: { code: ErrorCode; status: number; detail: string } | null;
    occurredAt: string;
  };
  /** Avatar jobs were queued: workers may look. */
  avatarSyncQueued: Record<string, never>;
  /** A contact of a batch is done, or the batch is. */
  avatarSyncBatchProgress: { batchId: string };
  /** A conversation was created, changed itself, or was deleted. */
  conversationChanged: {
    conversationId: string;
    /** The agents that it belonged to before, and belongs to now. */
    agentIds: string[];
    change: RowChange;
    occurredAt: string;
  };
  /** An agent was created, changed or deleted. */
  agentChanged: { agentId: string; change: RowChange; occurredAt: string };
  /** An integration config was created or deleted, or it, its connection or its webhooks changed. */
  integrationConfigChanged: { integrationConfigId: string; change: RowChange; occurredAt: string };
  /** A membership was added, changed or deleted. */
  conversationParticipantChanged: {
    conversationId: string;
    membershipId: string;
    change: 'ADDED' | 'UPDATED' | 'REMOVED';
    occurredAt: string;
    /** The agent, or none, that the conversation belonged to, where it was deleted: nobody can read it any more. */
    ofDeleted?: { agentId: string | null };
  };
  /** A participant has changed in something that an agent's contact list shows. */
  participantChanged: {
    participantIds: string[];
    /** Participants that are no longer contacts of these agents. */
    unbound: { participantId: string; agentId: string }[];
    /** The integration config whose every participant has changed. Null when there is none. */
    integrationConfigId: string | null;
  };
  /** Messages from participants came in through webhooks: at most 500 participants per event. */
  messagesReceived: { participantIds: string[] };
  /** Unknown senders changed, at most 500 in one event. */
  unknownSendersChanged: { senderIds: string[] };
  /** An import or an export was queued: workers may take it. */
  dataJobQueued: Record<string, never>;
  /** An import or an export has come further, or is over. */
  dataJobChanged: { jobId: string };
  /** A client has cancelled a call of a tool. */
  toolCallCancelled: { call: string };
  /** A key has ended: drop it from caches. */
  keyRevoked: { keyId: string };
};

export type EventName = keyof Events;

/** Announces an event of one tenant. Never throws and never waits. A lost event can be read from the database. */
export type Announce = <Name extends EventName>(tenantId: string, name: Name, event: Events[Name]) => void;

/** Carries events between requests, and with Redis between replicas. */
export interface EventBus {
  announce: Announce;
  /** Streams the tenant's events of that name that match, from now on, until the consumer returns. */
  listen<Name extends EventName>(
    tenantId: string,
    name: Name,
    matches?: (event: Events[Name]) => boolean,
  ): Repeater<Events[Name]>;
  /** Calls the handler with each of the tenant's events of that name, until the returned function is called. */
  hear<Name extends EventName>(tenantId: string, name: Name, handle: (event: Events[Name]) => void): () => void;
  /** Every tenant's events of that name. */
  onAny<Name extends EventName>(name: Name, handle: (event: Events[Name]) => void): void;
  /** Tells the other replicas that the tenant's data has changed. Settles when they can have heard it. Never throws. */
  tellChange(tenantId: string): Promise<void>;
  /**
   * Calls the handler with the tenant of each change that is told, and of each event, of any replica. With null when
   * some may have been missed.
   */
  onChange(handle: (tenantId: string | null) => void): void;
  /** Whether other replicas are heard now. */
  hears(): boolean;
  /** Whether there may be others. */
  readonly isShared: boolean;
  /** Throws when events cannot be carried now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
