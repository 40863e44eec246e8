import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConversationParts } from '../../src/conversations/queries.ts';
import type { TenantDatabase } from '../../src/database/database.ts';
import { columns } from '../../src/database/sql/columns.ts';
import type { ParticipantParts } from '../../src/directory/participants/queries.ts';

/** The files that make statements. */
export const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) =>
    file.endsWith('.ts') &&
    !file.startsWith('database/') &&
    readFileSync(`src/${file}`, 'utf8').includes('database/sql/statement.ts'),
);

/** A database that finds nothing: for what makes its statements when it is asked. */
const empty = {
  tenantId: 'none',
  agentId: null,
  query: async () => [],
  slowQuery: async () => [],
} as unknown as TenantDatabase;

function combinations<Shape extends Record<string, readonly unknown[]>>(
  of: Shape,
): { [Name in keyof Shape]: Shape[Name][number] }[] {
  return Object.entries(of).reduce<Record<string, unknown>[]>(
    (before, [name, values]) => before.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  ) as never;
}

const cursor = (...keys: string[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');
const id = '0199c0de-0000-7000-8000-000000000001';
const time = '2026-01-02T03:04:05.678Z';

/** Every page that a list with these cursors has a statement for. */
const pages = (given: string) =>
  [given, null].flatMap((after) =>
    [given, null].flatMap((before) => [
      { first: 5, after, before },
      { last: 5, after, before },
      { first: 50, after, before },
    ]),
  );

/** Makes every form of every statement: as files are imported, and as lists are asked for in each way. */
export async function defineStatements(): Promise<void> {
  for (const file of files) await import(resolve('src', file));
  const { pageOfParticipants, participantWith } = await import('../../src/directory/participants/queries.ts');
  const { listParticipants } = await import('../../src/directory/participants/whole-list.ts');
  const { pageOfConversations } = await import('../../src/conversations/lists.ts');
  const { pageOfExternalUsers } = await import('../../src/external-users/lists.ts');
  const { conversationWith } = await import('../../src/conversations/queries.ts');
  const edges = await import('../../src/conversations/edges.ts');
  const { connectionTo } = await import('../../src/database/edges.ts');
  const { historyOf, pageOfHistory } = await import('../../src/history/queries.ts');
  const ensuring = await import('../../src/conversations/ensure-statements.ts');
  const { pageOfUnknownSenders, listUnknownSenders } = await import('../../src/directory/unknown-senders/queries.ts');
  const { numberedPageOfUsers } = await import('../../src/external-users/numbered-pages.ts');
  const { wholeNetwork } = await import('../../src/rest/directory/whole-network.ts');
  const { pageOfFailures } = await import('../../src/avatars/failures.ts');
  const { unreachableReasons } = await import('../../src/directory/participants/health.ts');

  const fieldsOf = (
    model: 'Participant' | 'Channel' | 'Conversation' | 'ConversationMember' | 'ExternalUser' | 'Agent',
  ) => [null, ...Object.keys(columns(model, 'x').columns).map((field) => new Set(['id', field]))];
  const some = [null, new Set(['id', 'displayName'])];
  const ofParticipant: ParticipantParts[] = [
    ...fieldsOf('Participant').map((own) => ({ own, channels: null, agentIds: false })),
    ...fieldsOf('Channel').map((own) => ({ own: null, channels: { own }, agentIds: true })),
    ...combinations({ own: some, channels: [null, { own: null }], agentIds: [false, true] }),
  ];
  const subjects = ofParticipant.map((participant) => ({ participant, externalUser: null, agent: null }));
  const members = [
    ...fieldsOf('ConversationMember').flatMap((own) => [
      { own, subject: null },
      { own, subject: 'nothing' as const },
    ]),
    ...subjects.map((subject) => ({ own: null, subject })),
    ...fieldsOf('ExternalUser').map((externalUser) => ({
      own: null,
      subject: { participant: ofParticipant[0] as ParticipantParts, externalUser, agent: new Set(['id']) },
    })),
  ];

  const whole: ParticipantParts = { own: null, channels: { own: null }, agentIds: true };
  for (const parts of ofParticipant) {
    participantWith(parts);
    await listParticipants(empty, null, parts);
    await listParticipants(empty, 'agent', parts);
    await pageOfParticipants(empty, {}, {}, parts);
  }
  const { pageOfContacts } = await import('../../src/directory/participants/pages-of-agents.ts');
  const contacts = {
    db: empty,
    load: async <Key, Loaded>(
      loader: { load(db: TenantDatabase, keys: readonly Key[]): Promise<readonly Loaded[]> },
      key: Key,
    ) => (await loader.load(empty, [key]))[0] as Loaded,
  };
  for (const parts of ofParticipant) await pageOfContacts(contacts, 'agent', {}, {}, parts);
  for (const filter of combinations({
    kind: [null, 'PERSON' as const],
    email: [null, 'a@b.c'],
    disabled: [null, true, false],
  }))
    for (const page of pages(cursor('name', id)))
      await (await pageOfContacts(contacts, 'agent', filter, page, whole)).total();
  const filters = combinations({
    agentId: [null, 'agent'],
    kind: [null, 'PERSON' as const],
    email: [null, 'a@b.c'],
    disabled: [null, true, false],
    reachable: [null, true, false],
    reason: [null, ...unreachableReasons],
  });
  for (const filter of filters) await (await pageOfParticipants(empty, filter, {}, whole)).total();
  for (const page of pages(cursor('name', id))) await pageOfParticipants(empty, { reachable: true }, page, whole);

  // A short query, a long one, and one that may be a telephone number, of either kind.
  const queries = ['ab', 'abc', '+1 (41)', '+1 (415)', '+1 4'];
  const searched = combinations({
    query: queries,
    agentId: [null, 'agent'],
    kind: [null, 'PERSON' as const],
    reachable: [null, true],
  });
  for (const filter of searched) await (await pageOfParticipants(empty, filter, {}, whole)).total();
  for (const query of queries)
    for (const page of pages(cursor('1', 'name', id))) await pageOfParticipants(empty, { query }, page, whole);

  const ofUser = fieldsOf('ExternalUser').map((own) => ({ own }));
  const user = { own: null };
  for (const parts of ofUser) await pageOfExternalUsers(empty, {}, {}, parts);
  for (const filter of combinations({
    query: [null, 'abc'],
    source: [null, 'x'],
    agentId: [null, 'agent'],
    createdAfter: [null, new Date(0)],
    createdBefore: [null, new Date(0)],
  }))
    await (await pageOfExternalUsers(empty, filter, {}, user)).total();
  for (const db of [empty, { ...empty, agentId: 'agent' }]) {
    for (const page of pages(cursor('name', id))) await pageOfExternalUsers(db, {}, page, user);
    for (const page of pages(cursor('1', 'name', id))) await pageOfExternalUsers(db, { query: 'abc' }, page, user);
  }

  const conversationParts: ConversationParts[] = [
    ...fieldsOf('Conversation').map((own) => ({ own, members: null })),
    ...members.map((each) => ({ own: null, members: each })),
  ];
  for (const parts of conversationParts) await pageOfConversations(empty, {}, {}, parts);
  for (const each of members.slice(0, 5)) {
    const parts: ConversationParts = { own: null, members: each, featured: 5 };
    conversationWith(parts);
    await pageOfConversations(empty, {}, {}, parts);
  }
  const ofConversation = combinations({
    agentId: [null, 'agent'],
    status: [null, 'OPEN' as const, 'CLOSED' as const],
    participantId: [null, id],
    externalUserId: [null, id],
  });
  for (const filter of [...ofConversation, { withAgentId: 'agent' }, { withAgentId: 'agent', status: 'OPEN' as const }])
    for (const page of pages(cursor(id)))
      await (await pageOfConversations(empty, filter, page, { own: null, members: null })).total();

  const alone: ConversationParts = { own: null, members: null };
  for (const filter of combinations({
    query: [null, 'abc'],
    participantId: [null, id],
    createdAfter: [null, new Date(0)],
    closedBefore: [null, new Date(0)],
  })) {
    for (const field of ['CREATED_AT', 'CLOSED_AT'] as const)
      for (const direction of ['ASC', 'DESC'] as const)
        await (await pageOfConversations(empty, filter, {}, alone, { field, direction })).total();
    await (await pageOfConversations(empty, filter, {}, alone)).total();
  }
  for (const page of pages(cursor(time, id)))
    await pageOfConversations(empty, {}, page, alone, { field: 'CLOSED_AT', direction: 'DESC' });
  for (const page of pages(cursor('2', 'name', id))) await pageOfConversations(empty, { query: 'abc' }, page, alone);

  const {
    conversationsByAgent,
    conversationsByParticipant,
    conversationsByUser,
    membersOfConversation,
    membersWithDeleted,
  } = edges;
  const load = async <Key, Loaded>(
    loader: { load(db: TenantDatabase, keys: readonly Key[]): Promise<readonly Loaded[]> },
    key: Key,
  ) => (await loader.load(empty, [key]))[0] as Loaded;
  for (const page of pages(cursor(id))) {
    for (const edge of [conversationsByAgent, conversationsByParticipant, conversationsByUser])
      await (await connectionTo({ load }, edge, id, page)).total();
    for (const edge of [membersOfConversation, membersWithDeleted])
      await (await connectionTo({ load }, edge, id, page)).total();
    await (await connectionTo({ load }, historyOf, id, page)).total();
    const timestamp = new Date(time);
    for (const filter of combinations({
      subjectId: [null, id, 'support-bot'],
      actorId: [null, id],
      operation: [null, 'createAgent'],
      after: [null, timestamp],
      before: [null, timestamp],
    }))
      await (await pageOfHistory(empty, filter, page)).total();
  }
  const kinds = [ensuring.user, ensuring.contact, ensuring.agent, ensuring.flow, ...Object.values(ensuring.contactBy)];
  for (const kind of kinds) for (const parts of members) kind.batchedWrite(parts);

  for (const wanted of combinations({ agentId: [null, 'agent'], newestFirst: [true, false] }))
    await numberedPageOfUsers(empty, { page: 1, pageSize: 5, ...wanted });
  for (const agentId of [null, 'agent']) await wholeNetwork(empty, agentId);
  for (const filter of combinations({
    agentId: [undefined, 'agent'],
    status: [undefined, ['PENDING'] as const],
    participantId: [undefined, id],
  }))
    await listUnknownSenders(empty, filter);
  for (const page of pages(cursor(time, id))) {
    for (const filter of combinations({
      agentId: [null, 'agent'],
      integrationConfigId: [null, id],
      status: [null, ['APPROVED', 'BLOCKED'] as const],
    }))
      await (await pageOfUnknownSenders(empty, filter, page)).total();
    for (const filter of combinations({ agentId: [null, 'agent'], code: [null, 'INTERNAL'] }))
      await (await pageOfFailures(empty, filter, page)).total();
  }
}
