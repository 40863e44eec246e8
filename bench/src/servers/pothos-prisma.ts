// Yoga, Pothos and Prisma as their documentation shows them: prismaObject, t.relation and prismaField, over the Prisma
// client and the packages that the service itself is built with.
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import { PrismaPg } from '@prisma/adapter-pg';
import { createYoga } from 'graphql-yoga';
import {
  type ConversationMember,
  MemberStatus,
  MemberType,
  ParticipantKind,
  PrismaClient,
} from '../../../src/database/generated/client.ts';
import type PrismaTypes from '../../../src/database/generated/pothos.ts';
import { getDatamodel } from '../../../src/database/generated/pothos.ts';
import { newId } from '../../../src/database/ids.ts';
import { listen, settings } from './settings.ts';

const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: settings.databaseUrl, max: settings.poolSize, options: '-c TimeZone=UTC' }),
});

const builder = new SchemaBuilder<{
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  Scalars: { ID: { Input: string; Output: string }; DateTime: { Input: Date; Output: Date } };
}>({
  plugins: [PrismaPlugin],
  defaultFieldNullability: false,
  prisma: { client: prisma, dmmf: getDatamodel() },
});

builder.scalarType('DateTime', {
  serialize: (value) => value.toISOString(),
  parseValue: (value) => new Date(String(value)),
});
const Kind = builder.enumType(ParticipantKind, { name: 'ParticipantKind' });
const Type = builder.enumType(MemberType, { name: 'MemberType' });
const Status = builder.enumType(MemberStatus, { name: 'MemberStatus' });

builder.prismaObject('Channel', {
  fields: (t) => ({
    id: t.exposeID('id'),
    integrationConfigId: t.exposeID('integrationConfigId'),
    provider: t.exposeString('provider'),
    address: t.exposeString('address'),
    priority: t.exposeInt('priority'),
    label: t.exposeString('label', { nullable: true }),
    disabled: t.exposeBoolean('disabled'),
  }),
});

builder.prismaObject('Participant', {
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.expose('kind', { type: Kind }),
    displayName: t.exposeString('displayName'),
    email: t.exposeString('email', { nullable: true }),
    relatedAgentId: t.exposeID('relatedAgentId', { nullable: true }),
    disabledAt: t.expose('disabledAt', { type: 'DateTime', nullable: true }),
    avatarFileId: t.exposeID('avatarFileId', { nullable: true }),
    avatarSource: t.exposeString('avatarSource', { nullable: true }),
    avatarSourceConfigId: t.exposeID('avatarSourceConfigId', { nullable: true }),
    avatarSourceAddress: t.exposeString('avatarSourceAddress', { nullable: true }),
    avatarSyncedAt: t.expose('avatarSyncedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime' }),
    channels: t.relation('channels', { query: { orderBy: [{ priority: 'asc' }, { id: 'asc' }] } }),
    agentIds: t.idList({
      select: { bindings: { select: { agentId: true }, orderBy: { agentId: 'asc' } } },
      resolve: ({ bindings }) => bindings.map(({ agentId }) => agentId),
    }),
  }),
});

builder.prismaObject('ExternalUser', {
  fields: (t) => ({
    id: t.exposeID('id'),
    firstName: t.exposeString('firstName', { nullable: true }),
    lastName: t.exposeString('lastName', { nullable: true }),
    email: t.exposeString('email', { nullable: true }),
    phoneNumber: t.exposeString('phoneNumber', { nullable: true }),
    conversationIds: t.idList({
      select: { memberships: { select: { conversationId: true }, orderBy: { conversationId: 'desc' } } },
      resolve: ({ memberships }) => memberships.map(({ conversationId }) => conversationId),
    }),
  }),
});

const Member = builder.prismaObject('ConversationMember', {
  fields: (t) => ({
    id: t.exposeID('id'),
    participantId: t.exposeID('participantId'),
    type: t.expose('type', { type: Type }),
    status: t.expose('status', { type: Status }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    user: t.relation('user', { nullable: true }),
    contact: t.relation('contact', { nullable: true }),
  }),
});

builder.prismaObject('Conversation', {
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name', { nullable: true }),
    closedAt: t.expose('closedAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    participants: t.relation('members', { query: { orderBy: { id: 'asc' } } }),
  }),
});

builder.queryType({
  fields: (t) => ({
    participants: t.prismaField({
      type: ['Participant'],
      args: { tenantId: t.arg.id({ required: true }), agentId: t.arg.id({ required: true }) },
      resolve: (query, _, { tenantId, agentId }) =>
        prisma.participant.findMany({
          ...query,
          where: { tenantId, bindings: { some: { tenantId, agentId } } },
          orderBy: [{ displayName: 'asc' }, { id: 'asc' }],
        }),
    }),
    // Not prismaConnection: with a key of two columns Prisma reads every row behind the cursor, and takes the page from
    // them.
    conversations: t.prismaField({
      type: ['Conversation'],
      args: {
        tenantId: t.arg.id({ required: true }),
        first: t.arg.int({ required: true }),
        after: t.arg.id({ required: true }),
      },
      resolve: (query, _, { tenantId, first, after }) =>
        prisma.conversation.findMany({
          ...query,
          where: { tenantId, id: { lt: after } },
          orderBy: { id: 'desc' },
          take: first,
        }),
    }),
    participant: t.prismaField({
      type: 'Participant',
      nullable: true,
      args: { tenantId: t.arg.id({ required: true }), id: t.arg.id({ required: true }) },
      resolve: (query, _, { tenantId, id }) =>
        prisma.participant.findUnique({ ...query, where: { tenantId_id: { tenantId, id } } }),
    }),
    externalUser: t.prismaField({
      type: 'ExternalUser',
      nullable: true,
      args: { tenantId: t.arg.id({ required: true }), email: t.arg.string({ required: true }) },
      resolve: async (query, _, { tenantId, email }) => {
        // Prisma cannot say what the index on the e-mail is made of, so the id comes from a raw query.
        const [found] = await prisma.$queryRaw<{ id: string }[]>`
          select id from external_user
          where tenant_id = ${tenantId}::uuid and md5(lower(email)) = md5(lower(${email})) and lower(email) = lower(${email})`;
        return found
          ? prisma.externalUser.findUnique({ ...query, where: { tenantId_id: { tenantId, id: found.id } } })
          : null;
      },
    }),
  }),
});

const Ensured = builder.objectRef<{ created: boolean; participant: ConversationMember }>('Ensured').implement({
  fields: (t) => ({
    created: t.exposeBoolean('created'),
    participant: t.expose('participant', { type: Member }),
  }),
});

builder.mutationType({
  fields: (t) => ({
    ensureConversationParticipant: t.field({
      type: Ensured,
      args: {
        tenantId: t.arg.id({ required: true }),
        conversationId: t.arg.id({ required: true }),
        userId: t.arg.id({ required: true }),
      },
      resolve: async (_, { tenantId, conversationId, userId }) => {
        const name = { tenantId, conversationId, type: MemberType.USER, participantId: userId };
        const where = { ...name, deletedAt: null };
        const { closedAt } = await prisma.conversation.findUniqueOrThrow({
          where: { tenantId_id: { tenantId, id: conversationId } },
          select: { closedAt: true },
        });
        if (closedAt)
          return { created: false, participant: await prisma.conversationMember.findFirstOrThrow({ where }) };
        const id = newId();
        const data = [{ ...name, id, userId }];
        const [added] = await prisma.conversationMember.createManyAndReturn({ data, skipDuplicates: true });
        const participant = added ?? (await prisma.conversationMember.findFirstOrThrow({ where }));
        return { created: participant.id === id, participant };
      },
    }),
  }),
});

const yoga = createYoga({ schema: builder.toSchema(), logging: false, graphiql: false, landingPage: false });
await listen(createServer((request, response) => void yoga(request, response)));
