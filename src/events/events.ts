import type { Repeater } from '@repeaterjs/repeater';
import type { ErrorCode } from '../errors/catalogue.ts';

/**
 * What is announced once it has been committed. Events carry ids and outcomes, never rows: whoever
 * hears one reads the rows anew, through its own rights.
 */
export type Events = {
  /** A participant has another avatar, or none any more, or a sync of it failed for good. */
  avatarSynced: {
    participantId: string;
    error: { code: ErrorCode; status: number; detail: string } | null;
    occurredAt: string;
  };
  /** Avatars are to be synced: workers may look. */
  avatarSyncQueued: Record<string, never>;
  /** A contact of a batch is done, or the batch. */
  avatarSyncBatchProgress: { batchId: string };
  /** A conversation was created, changed itself, or was deleted. */
  conversationChanged: {
    conversationId: string;
    /** The agents that it belonged to before, and belongs to now. */
    agentIds: string[];
    change: 'CREATED' | 'UPDATED' | 'DELETED';
    occurredAt: string;
  };
  /** Somebody came into a conversation, changed in it, or left it. */
  conversationParticipantChanged: {
    conversationId: string;
    membershipId: string;
    change: 'ADDED' | 'UPDATED' | 'REMOVED';
    occurredAt: string;
  };
  /** Something about participants changed that an agent's contact list shows. */
  participantChanged: {
    participantIds: string[];
    /** Those that are no contacts of these agents any more. */
    unbound: { participantId: string; agentId: string }[];
    /** Every participant with a channel in it changed; null when that is not so. */
    integrationConfigId: string | null;
  };
  /** Messages from participants came in through webhooks: 500 participants an event at most. */
  messagesReceived: { participantIds: string[] };
  /** A key ended: whoever remembers it must not. */
  keyRevoked: { keyId: string };
};

export type EventName = keyof Events;

/** Announces an event of one tenant. Never throws and waits for nobody: what is lost here can be read from the database. */
export type Announce = <Name extends EventName>(tenantId: string, name: Name, event: Events[Name]) => void;

/** How events travel between requests, and, with Redis, between replicas. */
export interface EventBus {
  announce: Announce;
  /** The tenant's events of that name that match, from now on, until the consumer returns. */
  listen<Name extends EventName>(
    tenantId: string,
    name: Name,
    matches?: (event: Events[Name]) => boolean,
  ): Repeater<Events[Name]>;
  /** Calls the handler with each of the tenant's events of that name as it happens, until the function returned is called. */
  hear<Name extends EventName>(tenantId: string, name: Name, handle: (event: Events[Name]) => void): () => void;
  /** Every tenant's events of that name. */
  onAny<Name extends EventName>(name: Name, handle: (event: Events[Name]) => void): void;
  /** Throws when events can't travel at present. */
  check(): Promise<void>;
  close(): Promise<void>;
}
