import { items, type Json } from '../json.ts';
import type { Draw, OperationName } from '../operations.ts';

export const contenderNames = ['pothosPrisma', 'postgraphile', 'previous', 'rest', 'rollcall', 'limit'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** The body of a request, before it is JSON. */
type Body = object;

/** How a contender is asked, and what its answers mean. */
export type Dialect = {
  body(operation: OperationName, draw: Draw): Body;
  /** The path to GET, in the place of a body that is POSTed to `/graphql`. */
  path?(operation: OperationName, draw: Draw): string;
  /** The same value for every contender, made from the answer's `data`. */
  answer(operation: OperationName, data: Json): Json;
};

/** One way to serve the operations. */
export type Contender = {
  name: ContenderName;
  title: string;
  /** The program, from the folder of `servers.ts`; null for the service, whose checkout says how it starts. */
  program: string | null;
  /** Whether the service's own settings and a bearer token go with it. */
  isService: boolean;
  /** The operations that it has; all unless said. */
  operations?: readonly OperationName[];
  /** Its dialect; `ask` runs a query for the draw's tenant, to learn what cursors look like. */
  dialect(ask: (query: string, draw: Draw) => Promise<Json>, example: Draw): Promise<Dialect>;
};

export const participantScalars = `kind displayName email relatedAgentId disabledAt avatarFileId avatarSource avatarSourceConfigId
  avatarSourceAddress avatarSyncedAt createdAt modifiedAt`;
export const channelScalars = 'integrationConfigId provider address priority label disabled';

/** Writes cursors like the one given, which stands for the example's conversation. */
export function cursorsLike(cursor: string, conversationId: string, example: Draw): (draw: Draw) => string {
  const encoding = /[+/=]/.test(cursor) ? 'base64' : 'base64url';
  const text = Buffer.from(cursor, 'base64').toString('utf8');
  if (!text.includes(conversationId)) throw new Error(`A cursor does not name its row: ${text}`);
  return ({ tenantId, key }) =>
    Buffer.from(text.replace(conversationId, key).replace(example.tenantId, tenantId)).toString(encoding);
}

/** A dialect whose bodies are GraphQL requests. */
export function graphql(
  documents: Record<OperationName, string>,
  variables: (operation: OperationName, draw: Draw) => object,
  answer: Dialect['answer'],
): Dialect {
  const oneLine = Object.fromEntries(
    Object.entries(documents).map(([name, text]) => [name, text.replaceAll(/\s+/g, ' ').trim()]),
  );
  return {
    body: (operation, draw) => ({ query: oneLine[operation], variables: variables(operation, draw) }),
    answer,
  };
}

/** Conversations whose participants have a subject in the place of a user or a contact. */
export const withSubjects = (conversations: Json): Json =>
  items(conversations).map(({ participants = [], ...conversation }) => ({
    ...conversation,
    participants: items(participants).map(({ user = null, contact = null, ...rest }) => ({
      ...rest,
      subject: user ?? contact,
    })),
  }));
