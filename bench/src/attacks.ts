import { idOf } from './data-set.ts';

/** One request body, or several that are sent at once. */
export type Attack = { name: string; tenant: number; bodies: () => string[] };

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

/** An attack that sends one query, as often as said at the same time. */
const one = (name: string, query: string, { tenant = 0, variables = {} as object, atOnce = 1 } = {}): Attack => ({
  name,
  tenant,
  bodies: () => Array.from({ length: atOnce }, () => JSON.stringify({ query, variables })),
});

const batch = (name: string, query: string | ((index: number) => string), tenant = 0): Attack => ({
  name,
  tenant,
  bodies: () => [
    JSON.stringify(
      Array.from({ length: 10 }, (_, index) => ({ query: typeof query === 'string' ? query : query(index) })),
    ),
  ],
});

const largeConversation = idOf('conversation', 20_000_000);
const peopleConversation = idOf('conversation', 20_000_001);
const metadataConversation = idOf('conversation', 20_000_007);
const reachable = 'filter: { reachable: true }';
const scalars = 'id kind displayName email relatedAgentId avatarFileId avatarSource disabledAt createdAt modifiedAt';
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

/** What a client with an ordinary credential may send. The large things are those of hostile.sql. */
export const attacks: readonly Attack[] = [
  one(
    '3 × participants, 55 avatar URLs',
    `{ ${times(3, (n) => `r${n}: participants { ...F }`)} } fragment F on Participant { ${times(55, (n) => `a${n}: avatarUrl(size: 64)`)} }`,
  ),
  one(
    '8 × participants, 52 avatar URLs',
    `{ ${times(8, (n) => `r${n}: participants { ...F }`)} } fragment F on Participant { ${times(52, (n) => `a${n}: avatarUrl(size: 64)`)} }`,
  ),
  one('participants, 14 scalars', `{ participants { ${scalars} } }`),
  one(
    'participants { channels agentIds }',
    '{ participants { id displayName channels { id provider address priority label } agentIds } }',
  ),
  one('participants, 38 × displayName', `{ participants { ${times(38, (n) => `a${n}: displayName`)} } }`),
  one(
    'participants { agents agents bindings { agent participant } }',
    '{ participants { agents { id } b: agents { id name } bindings { agent { id name } participant { id displayName } } } }',
  ),
  one(
    'participants { 6 × bindings { agent participant } }',
    `{ participants { ${times(6, (n) => `b${n}: bindings { agent { id name } participant { id displayName } }`)} } }`,
  ),
  one(
    'participants { bindings { participant { bindings { participant } } } }',
    '{ participants { bindings { participant { bindings { participant { id displayName email } } } } } }',
  ),
  one(
    'participants { health }',
    '{ participants { health { reachable reason channels { address reason channel { id } } } } }',
  ),
  one(
    'participants { externalUsers conversations }',
    '{ participants { externalUsers { id } conversations(first: 2) { nodes { id } } } }',
  ),
  one(
    'participants { channelActivations avatarAutoSync }',
    '{ participants { channelActivations { provider } avatarAutoSync { synced } relatedAgent { id name } } }',
  ),
  one('participants, e-mails of 4,000 characters', '{ participants { email } }', { tenant: 8 }),
  one('participants, names of those with long e-mails', '{ participants { displayName } }', { tenant: 8 }),
  one('participants { channels }, addresses of 4,000 characters', '{ participants { channels { address } } }', {
    tenant: 8,
  }),
  one('participants { health }, addresses of 4,000 characters', '{ participants { health { reachable } } }', {
    tenant: 8,
  }),
  one('participants over 10,000', '{ participants { id } }', { tenant: 9 }),
  one(
    'conversation of 10,000 { participants }',
    `{ conversation(id: "${largeConversation}") { participants { id participantId type status createdAt } } }`,
  ),
  one(
    'conversation of 10,000 { participants { subject } }',
    `{ conversation(id: "${peopleConversation}") { participants { id displayName avatarUrl subject { ... on Participant { id displayName } } } } }`,
  ),
  one(
    'conversation of 10,000 { participants { conversation { participants } } }',
    `{ conversation(id: "${largeConversation}") { participants { conversation { participants { id } } } } }`,
  ),
  one(
    '20 × conversation of 10,000 { participants }',
    `{ ${times(20, (n) => `c${n}: conversation(id: "${n % 2 ? largeConversation : peopleConversation}") { participants { id } }`)} }`,
  ),
  one(
    'conversation of 10,000 { participants { subject { metadata } } }',
    `{ conversation(id: "${metadataConversation}") { participants { subject { ... on ExternalUser { metadata } } } } }`,
    { tenant: 7 },
  ),
  one(
    'conversation of 10,000 { participants { conversation { attributes } } }',
    `{ conversation(id: "${metadataConversation}") { participants { conversation { attributes } } } }`,
    { tenant: 7 },
  ),
  one(
    '100 conversations of 20 { participants { subject { metadata } } }',
    '{ conversationsConnection(first: 100) { nodes { participants { subject { ... on ExternalUser { metadata } } } } } }',
    { tenant: 7 },
  ),
  one(
    'a page of pages of participants',
    '{ participantsConnection(first: 100) { nodes { conversations(first: 100) { nodes { participants { id displayName subject { ... on Participant { id } } } } } } } }',
  ),
  one(
    'a page of conversations, 30 × participants',
    `{ conversationsConnection(first: 100) { nodes { ${times(30, (n) => `p${n}: participants { id displayName status }`)} } } }`,
  ),
  one(
    '10 bound to all agents, 30 × agents',
    `{ participantsConnection(first: 100, filter: {email: "same@example.com"}) { nodes { ${times(30, (n) => `a${n}: agents { id name }`)} } } }`,
    { tenant: 6 },
  ),
  one(
    'a page of 100, agents of bindings',
    '{ participantsConnection(first: 100) { nodes { bindings { agent { id name } participant { id displayName } } } } }',
    { tenant: 6 },
  ),
  one(
    'a page of 100, 10 × agents',
    `{ participantsConnection(first: 100) { nodes { ${times(10, (n) => `a${n}: agents { id name }`)} } } }`,
    { tenant: 6 },
  ),
  one(
    '4 pages of 100, addresses of 4,000 characters',
    `{ ${times(4, (n) => `p${n}: participantsConnection(first: 100) { nodes { channels { address } } }`)} }`,
    { tenant: 8 },
  ),
  one(
    '5 pages of 100 { bindings { agent } }',
    `{ ${times(5, (n) => `p${n}: participantsConnection(first: 100) { nodes { bindings { agent { id name } } } }`)} }`,
  ),
  one(
    'a page of 100 conversations { participants { bindings } }',
    '{ conversationsConnection(first: 100) { nodes { participants { subject { ... on Participant { bindings { id } } } } } } }',
  ),
  one(
    '20 counts of the reachable',
    `{ ${times(20, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '5 counts of the reachable',
    `{ ${times(5, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '7 counts by a reason',
    `{ ${times(7, (n) => `c${n}: participantsConnection(first: 0, filter: { reason: KEY_REVOKED }) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '25 pages by a reason that nobody has',
    `{ ${times(25, (n) => `c${n}: participantsConnection(first: 1, filter: { reason: KEY_REVOKED }) { nodes { id } }`)} }`,
    { tenant: 9 },
  ),
  one(
    '60 × whoIs by an e-mail of 1,000',
    `{ ${times(60, (n) => `w${n}: whoIs(by: { email: "same@example.com" }) { participants { id displayName } }`)} }`,
    { tenant: 6 },
  ),
  one(
    '60 × whoIs, everything',
    `{ ${times(60, (n) => `w${n}: whoIs(by: { email: "same@example.com" }) { participants { id externalUsers { id } } externalUsers { id conversationIds } conversationParticipants { id } }`)} }`,
    { tenant: 6 },
  ),
  one(
    '60 × searchExternalUser { conversationIds }',
    `{ ${times(60, (n) => `s${n}: searchExternalUser(by: { fkId: "fk-${n * 10}" }) { conversationIds user { id participants { id conversations(first: 100) { nodes { id } } } } }`)} }`,
  ),
  one('740 repeated fields', `{ viewer { ${times(740, () => 'kind')} } }`),
  batch('10 × 740 repeated fields', (n) => `{ viewer { ${times(740, () => 'kind')} } } # ${n}`),
  one('a document of comments', `${'#\n'.repeat(31_950)}{ viewer { kind } }`),
  batch('10 × a document of comments', (n) => `${'#\n'.repeat(31_950)}{ viewer { kind } }#${n}`),
  one(
    'fragments that spread each other twice',
    `{ viewer { ...F0 } } ${times(60, (n) => `fragment F${n} on Viewer { ...F${n + 1} ...F${n + 1} }`)} fragment F60 on Viewer { kind }`,
  ),
  one(
    'fragments in a row',
    `{ viewer { ...F0 } } ${times(320, (n) => `fragment F${n} on Viewer { kind ...F${n + 1} }`)} fragment F320 on Viewer { kind }`,
  ),
  one(
    '200 operations',
    times(200, (n) => `query Q${n} { viewer { kind } }`),
  ),
  one('600 unused fragments', `{ viewer { kind } } ${times(400, (n) => `fragment F${n} on Viewer { kind }`)}`),
  one('700 variables', `query (${times(700, (n) => `$v${n}: Int`)}) { viewer { kind } }`),
  one(
    '50 × @include by variables',
    `query (${times(50, (n) => `$v${n}: Boolean = true`)}) { viewer { ${times(50, (n) => `a${n}: kind @include(if: $v${n})`)} } }`,
  ),
  one('__typename flood', `{ participants { ${times(140, () => '__typename')} } }`),
  one('55 × __typename', `{ participants { ${times(55, (n) => `a${n}: __typename`)} } }`),
  one(
    'introspection flood',
    `{ ${times(25, (n) => `s${n}: __schema { types { name description fields { name description args { name description type { name kind } } type { name kind } } } }`)} }`,
  ),
  one(
    'introspection, deep',
    `{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } }`,
  ),
  one(
    'introspection by __type',
    `{ ${times(60, (n) => `t${n}: __type(name: "Participant") { fields { name description type { name fields { name type { name fields { name } } } } } }`)} }`,
  ),
  one(
    'variables: 1 MB of nested arrays',
    'mutation ($m: JSONObject) { createExternalUser(input: { firstName: "a", lastName: "b", fkId: "hostile", metadata: $m }) { user { id } } }',
    { variables: { m: { a: Array.from({ length: 2_000 }, () => nested(200)) } } },
  ),
  one(
    'variables: 900 KB of names for a @oneOf',
    'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }',
    { variables: { by: Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`name${n}`, 1])) } },
  ),
  one('variables: 200,000 wrong list items', 'query ($ids: [ID!]) { __typename } ', {
    variables: { ids: Array.from({ length: 200_000 }, () => null) },
  }),
  one(
    'variables: a mutation with 100,000 channels',
    'mutation ($c: [ChannelInput!]) { createParticipant(input: { kind: PERSON, displayName: "x", channels: $c }) { participant { id } } }',
    { variables: { c: Array.from({ length: 100_000 }, () => ({})) } },
  ),
  one(
    'variables: a name of 900 KB',
    'mutation ($n: String!) { createParticipant(input: { kind: PERSON, displayName: $n }) { participant { id } } }',
    { variables: { n: 'x'.repeat(900_000) } },
  ),
  batch('10 × participants, 14 scalars', `{ participants { ${scalars} } }`),
  batch('10 × participants { id }', '{ participants { id } }'),
  batch('10 × the reachable counted', `{ participantsConnection(first: 0, ${reachable}) { totalCount } }`, 9),
  batch(
    '10 × introspection',
    `{ __schema { types { name description fields { name description args { name description type { name kind } } type { name kind } } } } }`,
  ),
  one(
    '60 × createParticipant in one request',
    `mutation { ${times(60, (n) => `c${n}: createParticipant(input: { kind: PERSON, displayName: "Hostile ${n}" }) { participant { id } }`)} }`,
    { tenant: 5 },
  ),
  one('30 lists of 10,000 at once', `{ participants { ${scalars} } }`, { atOnce: 30 }),
  one('200 lists of 10,000 at once', '{ participants { id displayName } }', { atOnce: 200 }),
  one(
    '50 refusals at once',
    '{ participants { agents { id } b: agents { id name } bindings { agent { id name } participant { id displayName } } } }',
    { atOnce: 50 },
  ),
  one(
    '200 × 5 counts of the reachable at once',
    `{ ${times(5, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9, atOnce: 20 },
  ),
];
