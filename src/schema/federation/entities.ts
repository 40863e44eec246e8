import { GraphQLID } from 'graphql';
import type { Scope } from '../../auth/scopes.ts';
import { demand } from '../../auth/viewer.ts';
import type { IdentifierKey } from '../../database/generated/client.ts';
import type { Loader } from '../../database/loaders.ts';
import { agentById } from '../../directory/agents/agents.ts';
import { participantByAnyId } from '../../directory/participants/by-any-id.ts';
import { Problem } from '../../errors/catalogue.ts';
import { externalUserByAnyKey, type UserKey } from '../../external-users/by-any-key.ts';
import { agentId } from '../../values/text.ts';
import type { GraphContext } from '../context.ts';
import { nodes } from '../identity/node.ts';
import { nodeTypes } from '../node-interface.ts';

/** What a gateway knows of an entity: its type, and one of its keys. */
export type Representation = Readonly<Record<string, unknown>>;

type Entity = {
  /** The fields that are each a key. */
  readonly keys: readonly string[];
  readonly scope: Scope;
  /** Finds the entity by the keys that are given. There is at least one. */
  find(given: Representation, context: GraphContext): Promise<object | null> | null;
};

/** Returns the id as GraphQL reads it. Null when it is none. */
function idOf(value: unknown): string | null {
  try {
    return GraphQLID.parseValue(value);
  } catch {
    return null;
  }
}

function byId(scope: Scope, loader: Loader<string, object | null>, isId = (_: string) => true): Entity {
  return {
    keys: ['id'],
    scope,
    find(given, context) {
      const id = idOf(given['id']);
      return id !== null && isId(id) ? context.load(loader, id) : null;
    },
  };
}

const userKeys = { email: 'emailaddress', phoneNumber: 'phonenumber', fkId: 'fkid' } as const satisfies Record<
  string,
  IdentifierKey
>;

/** An id is enough. Several identifiers without one have to lead to the same user. */
async function findUser(given: Representation, context: GraphContext): Promise<object | null> {
  const keys: (UserKey | null)[] =
    given['id'] != null
      ? [keyOf('id', idOf(given['id']))]
      : Object.entries(userKeys).flatMap(([field, key]) => (given[field] == null ? [] : [keyOf(key, given[field])]));
  const found = await Promise.all(keys.map((key) => key && context.load(externalUserByAnyKey, key)));
  const [user = null] = found;
  return found.every((each) => each?.id === user?.id) ? user : null;
}

const keyOf = (key: UserKey['key'], value: unknown): UserKey | null =>
  typeof value === 'string' ? { key, value } : null;

/** The types that other graphs can extend, with their keys and the scope that each is seen with. */
export const entities: Readonly<Record<string, Entity>> = {
  // PostgreSQL refuses texts that no agent can have as its id, and with one all of a statement.
  Agent: byId('participants:read', agentById, (id) => agentId.safeParse(id).success),
  Conversation: byId(nodes.Conversation.scope, nodes.Conversation.loader),
  ConversationParticipant: byId(nodes.ConversationParticipant.scope, nodes.ConversationParticipant.loader),
  ExternalUser: { keys: ['id', ...Object.keys(userKeys)], scope: nodes.ExternalUser.scope, find: findUser },
  Participant: byId(nodes.Participant.scope, participantByAnyId),
};

/**
 * Returns the entity that a representation names. Null when the tenant has none of that key that the viewer sees.
 * Throws BAD_USER_INPUT when it names no entity's type or has none of its keys, and FORBIDDEN without the type's scope.
 */
export function entityOf(representation: Representation, context: GraphContext): Promise<object | null> | null {
  const { __typename: type } = representation;
  const entity = typeof type === 'string' && Object.hasOwn(entities, type) ? entities[type] : undefined;
  if (!entity) throw new Problem('BAD_USER_INPUT', 'The representation’s __typename is not that of an entity.');
  if (!entity.keys.some((key) => Object.hasOwn(representation, key)))
    throw new Problem('BAD_USER_INPUT', `The representation has no key of ${type}: ${entity.keys.join(', ')}.`);
  demand(context.viewer, entity.scope);
  if (entity.keys.every((key) => representation[key] == null)) return null;
  const found = entity.find(representation, context)?.then((row) => {
    if (row !== null) nodeTypes.set(row, type as string);
    return row;
  });
  return found ?? null;
}
