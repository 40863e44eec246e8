import {
  createAccessKey,
  createAgentSecretKey,
  keyShownBefore,
  listKeys,
  type NewKey,
  revokeKey,
  type ShownKey,
} from '../../auth/keys.ts';
import { isScope, type Scope, scopes } from '../../auth/scopes.ts';
import { type ShownTenant, tenantById } from '../../auth/tenants.ts';
import type { Viewer } from '../../auth/viewer.ts';
import { agentById } from '../../directory/agents/agents.ts';
import { builder } from '../builder.ts';
import { AgentType } from '../directory/agents.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

const covers: Record<Scope, string> = {
  'participants:read': 'Read participants, channels, bindings, agents and integration configs.',
  'participants:write': 'Create and change participants, bindings, avatars and agents.',
  'conversations:read': 'Read conversations and who takes part in them.',
  'conversations:write': 'Create and close conversations, and change who takes part in them.',
  'users:read': 'Read external users.',
  'users:write': 'Create, change and delete external users.',
  'integrations:write': 'Create, connect and disconnect integration configs.',
  admin: 'Everything, and the keys of the tenant.',
};

const ScopeType = builder.enumType('Scope', {
  description: 'What a credential may do.',
  values: Object.fromEntries(
    scopes.map((scope) => [scope.toUpperCase().replace(':', '_'), { value: scope, description: covers[scope] }]),
  ) as Record<string, { value: Scope; description: string }>,
});

const ViewerKindType = builder.enumType('ViewerKind', {
  description: 'What kind of credential a request came with.',
  values: {
    USER: { description: 'A bearer token: somebody who signed in.' },
    ACCESS_KEY: { description: 'An access key: a program.' },
    AGENT_KEY: { description: 'An agent’s secret key: confined to external users and that agent’s conversations.' },
  },
});

const TenantType = builder.objectRef<ShownTenant>('Tenant').implement({
  interfaces: [NodeType],
  description: 'A tenant, which the conversations system calls a workspace. Everything lives inside exactly one.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The tenant’s UUID.' }),
    name: t.exposeString('name', { description: 'What the tenant is called.' }),
  }),
});

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who the credential of this request belongs to. Every credential may ask.',
  fields: (t) => ({
    kind: t.field({ type: ViewerKindType, description: 'What kind of credential it is.', resolve: ({ kind }) => kind }),
    tenant: t.field({
      type: TenantType,
      description: 'The tenant that it is confined to.',
      resolve: async (_, _args, { load, db }) => (await load(tenantById, db.tenantId)) as ShownTenant,
    }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that an agent’s secret key belongs to; null for every other credential.',
      resolve: ({ agentId }, _, context) => (agentId === null ? null : context.load(agentById, agentId)),
    }),
    subject: t.string({
      description: 'Who signed in: the token’s subject, or the key’s UUID.',
      resolve: ({ id }) => id,
    }),
    scopes: t.field({
      type: [ScopeType],
      description: 'What it may do.',
      resolve: (viewer) => scopes.filter((scope) => viewer.scopes.has(scope)),
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    description: 'Who the credential of this request belongs to.',
    resolve: (_, _args, { viewer }) => viewer,
  }),
);

const KeyKindType = builder.enumType('KeyKind', {
  description: 'What kind of key it is.',
  values: {
    ACCESS_KEY: { description: 'Sent as `Authorization: AccessKey …`.' },
    AGENT_KEY: { description: 'Sent as `Agent-Secret-Key: …`.' },
    WEBHOOK_KEY: { description: 'Part of a webhook’s URL. Nobody can sign in with it.' },
  },
});

/** A key in the graph. */
export const KeyType = builder.objectRef<ShownKey>('CredentialKey').implement({
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A key that a program signs in with, or that is part of a webhook’s URL. Its secret is shown once, when it is made. Seen with `admin`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The key’s UUID.' }),
    kind: t.expose('kind', { type: KeyKindType, description: 'What kind of key it is.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'What the access key is called; null for other keys.',
    }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description:
        'The agent that an agent’s key belongs to, or that a webhook’s unknown senders are for; null for an access key, and where there is none.',
      resolve: ({ agentId }, _, context) => (agentId === null ? null : context.load(agentById, agentId)),
    }),
    prefix: t.exposeString('prefix', { description: 'The beginning of its secret, by which to tell keys apart.' }),
    scopes: t.field({
      type: [ScopeType],
      description: 'What it may do; nothing for a webhook’s key.',
      resolve: (key) => key.scopes.filter(isScope),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the key was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the key ends by itself; null for one that ends only when it is revoked.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'The hour in which somebody last signed in with the key, by its beginning; null when nobody has, and for a webhook’s key. Stored some seconds after the first use of the hour.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the key was revoked; null while it works.',
    }),
  }),
});

builder.queryField('keys', (t) =>
  t.field({
    type: [KeyType],
    description:
      'The access keys and agents’ secret keys of the tenant, in the order of their creation. Over 10,000 it is `RESULT_TOO_LARGE`. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: {
      includeRevoked: t.arg.boolean({
        defaultValue: false,
        description: 'Whether those that were revoked are listed too; null is false.',
      }),
    },
    resolve: (_, { includeRevoked }, { db }) => listKeys(db, includeRevoked ?? false),
  }),
);

const newKey = { type: KeyType, description: 'The new key.', resolve: ({ key }: NewKey) => key };
const newSecret = {
  nullable: true,
  description:
    'The secret. It is shown this once and not stored; null when the call repeats another by its `idempotencyKey`: revoke the key if the first answer was lost.',
  resolve: ({ secret }: NewKey) => secret,
} as const;
const expiresAt = {
  type: 'DateTime',
  description: 'When the key ends by itself, in the future; null for one that ends only when it is revoked.',
} as const;

builder.relayMutationField(
  'createAccessKey',
  {
    description: 'The access key to create.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What it is called: 1 to 150 characters.' }),
      scopes: t.field({ type: [ScopeType], required: true, description: 'What it may do: at least one scope.' }),
      expiresAt: t.field(expiresAt),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description: 'Creates an access key for a program. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createAccessKey', input, {
        create: (db, [id]) => createAccessKey(db, input, id),
        again: ([id]) => keyShownBefore(context.db, id),
      }),
  },
  {
    description: 'The key, and its secret.',
    outputFields: (t) => ({
      key: t.field(newKey),
      secret: t.string(newSecret),
    }),
  },
);

builder.relayMutationField(
  'createAgentSecretKey',
  {
    description: 'The agent to create a key for.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent’s id.' }),
      expiresAt: t.field(expiresAt),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Creates a secret key for an agent: it may read and change external users and that agent’s conversations. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createAgentSecretKey', input, {
        create: (db, [id]) => createAgentSecretKey(db, input, id),
        again: ([id]) => keyShownBefore(context.db, id),
      }),
  },
  {
    description: 'The key, and its secret.',
    outputFields: (t) => ({
      key: t.field(newKey),
      secret: t.string(newSecret),
    }),
  },
);

builder.relayMutationField(
  'revokeKey',
  {
    description: 'The key to revoke.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The key’s UUID.' }) }),
  },
  {
    description:
      'Ends a key at once, and the streams opened with it: an access key, an agent’s secret key or, by its `webhookKeyId`, a webhook’s. To do so again changes nothing. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: (_, { input }, context) => write(context, () => revokeKey(context.db, input)),
  },
  {
    description: 'The key that was revoked.',
    outputFields: (t) => ({
      key: t.field({ type: KeyType, description: 'The key, revoked.', resolve: (key: ShownKey) => key }),
    }),
  },
);
