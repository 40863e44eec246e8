import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { backfillKeys, startBackfill } from '../../src/identity/backfill.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromGeneric } from '../fakes/deliveries.ts';
import { prepared } from '../prepared.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { bindingOf, countsOf, generate, unknownSenders } from '../webhooks/webhooks.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(() => service.close());

const whoIs = async (tenant: TestTenant, by: object) => {
  const answer = await tenant.graphql(
    'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } externalUsers { id } } }',
    { by },
  );
  const { participants, externalUsers } = dataOf(answer).whoIs;
  return [participants, externalUsers].map((list: { id: string }[]) => list.map(({ id }) => id));
};
const create = (tenant: TestTenant, input: object) =>
  tenant.graphql(
    'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { id email phoneNumber metadata } } }',
    { input: { firstName: 'Ada', lastName: 'Lovelace', ...input } },
  );
const created = async (tenant: TestTenant, input: object): Promise<Untyped> =>
  dataOf(await create(tenant, input)).createExternalUser.user;
const config = async (tenant: TestTenant, input: object) =>
  dataOf(
    await tenant.graphql(
      'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id defaultRegion } } }',
      { input: { name: 'Numbers', ...input } },
    ),
  ).createIntegrationConfig.integrationConfig;

describe('an external user', () => {
  test.each([
    ['+52 1 55 1234 5678', '+525512345678', ['+525512345678', '5255 1234 5678'].slice(0, 1)],
    ['+5491123456789', '+5491123456789', ['+541123456789', '+54 11 15 2345 6789']],
    ['+541123456780', '+541123456780', ['+5491123456780']],
    ['+553188888888', '+5531988888888', ['+5531988888888', '+55 31 8888 8888']],
    ['+22507123456', '+2250707123456', ['+2250707123456']],
  ])('of %s is stored as %s, and found by each spelling', async (given, stored, others) => {
    const tenant = await service.createTenant();
    const { id, phoneNumber } = await created(tenant, { phoneNumber: given });
    expect(phoneNumber).toBe(stored);
    const conversation = dataOf(
      await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
    ).createConversation.conversation.id;
    for (const other of [given, stored, ...others]) {
      expect(problemOf(await create(tenant, { phoneNumber: other })).code).toBe('USER_ALREADY_EXISTS');
      const search = await tenant.graphql(
        'query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) { user { id } } }',
        { by: { phoneNumber: other } },
      );
      expect(dataOf(search).searchExternalUser.user.id).toBe(id);
      expect(await whoIs(tenant, { phoneNumber: other })).toEqual([[], [id]]);
      expect(await whoIs(tenant, { channel: { provider: 'whatsapp', address: other.replaceAll(/\D/g, '') } })).toEqual([
        [],
        [id],
      ]);
      const ensured = await tenant.graphql(
        'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { participant { participantId } } }',
        {
          input: {
            conversationId: conversation,
            participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: other } },
          },
        },
      );
      expect(dataOf(ensured).ensureConversationParticipant.participant.participantId).toBe(id);
    }
  });

  test('that is made for an identifier is found by the other spelling', async () => {
    const tenant = await service.createTenant();
    const conversation = dataOf(
      await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
    ).createConversation.conversation.id;
    const ids = new Set<string>();
    for (const identifierValue of ['+5491123456789', '+541123456789', '+5491123456789']) {
      const ensured = await tenant.graphql(
        'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { participant { participantId } } }',
        {
          input: {
            conversationId: conversation,
            participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue } },
          },
        },
      );
      ids.add(dataOf(ensured).ensureConversationParticipant.participant.participantId);
    }
    expect(ids.size).toBe(1);
  });

  test('has one e-mail address however its domain is spelled, and with its dots', async () => {
    const tenant = await service.createTenant();
    const { id, email } = await created(tenant, { email: 'ada@bücher.example' });
    expect(email).toBe('ada@xn--bcher-kva.example');
    expect(await whoIs(tenant, { email: 'ADA@BÜCHER.example' })).toEqual([[], [id]]);
    expect(problemOf(await create(tenant, { email: 'ada@xn--bcher-kva.example' })).code).toBe('USER_ALREADY_EXISTS');
    const dotted = await created(tenant, { email: 'a.da@gmail.com' });
    const plain = await created(tenant, { email: 'ada@gmail.com' });
    expect(dotted.id).not.toBe(plain.id);
    expect(await whoIs(tenant, { email: 'ada@gmail.com' })).toEqual([[], [plain.id]]);
  });

  test.each(['80351110224678912345', '1e400', '-9007199254740993', '0.1234567890123456789'])(
    'has no metadata %s, wherever it stands',
    async (number) => {
      const { tenant } = service;
      const headers = { authorization: `Bearer ${await tenant.token()}`, 'content-type': 'application/json' };
      const send = async (query: string, variables: string) => {
        const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
        const response = await service.app.fetch(
          new Request('http://localhost/graphql', { method: 'POST', headers, body }),
        );
        return (await response.json()) as Untyped;
      };
      const fields = 'firstName: "A", lastName: "B", fkId: "never"';
      const inline = await send(
        `mutation { createExternalUser(input: { ${fields}, metadata: { a: [${number}] } }) { user { id } } }`,
        '{}',
      );
      expect(inline.errors[0].extensions.status).toBe(400);
      const variable = await send(
        `mutation ($m: JSONObject) { createExternalUser(input: { ${fields}, metadata: $m }) { user { id } } }`,
        `{"m":{"a":[{"b":${number}}]}}`,
      );
      expect(variable.errors[0].extensions).toMatchObject({
        code: 'VALIDATION_FAILED',
        errors: [{ path: ['input', 'metadata'], message: expect.stringContaining('exactly') }],
      });
      expect(await whoIs(tenant, { fkId: 'never' })).toEqual([[], []]);
      expect((await created(tenant, { fkId: newId(), metadata: { n: number } })).metadata).toEqual({ n: number });
    },
  );
});

describe('a channel', () => {
  const people: [provider: string, stored: string, asked: string[], strangers: string[]][] = [
    [
      'whatsapp',
      '14155550101',
      ['14155550101:3@s.whatsapp.net', 'whatsapp:+14155550101'],
      ['14155550101@lid', '14155550101@g.us'],
    ],
    ['whatsapp', '154417159582282@lid', ['154417159582282:31@lid', ' 154417159582282@LID'], ['154417159582282']],
    [
      'whatsapp',
      'US.13491208655302741918',
      ['US.13491208655302741918'],
      ['13491208655302741918', 'MX.13491208655302741918'],
    ],
    [
      'whatsapp',
      '+52 55 1234 5678',
      ['5215512345678.0:2@s.whatsapp.net', '٥٢٥٥١٢٣٤٥٦٧٨@c.us', '525512345678:1@hosted', '\u200e+5215512345678'],
      ['5215512345678@hosted.lid', '5215512345678@newsletter', '5215512345678@broadcast', '525512345679'],
    ],
    ['whatsapp', 'status@broadcast', ['STATUS@broadcast'], ['status@g.us']],
    ['whatsapp', 'DE.13491208655302741918', ['de.13491208655302741918'], ['DE.ENT.13491208655302741918']],
    ['voice', '+541123456789', ['+54 9 11 2345-6789', 'tel:+54-11-15-2345-6789'], ['+541123456788', 'Anonymous']],
    ['sms', 'ACME-24', ['acme-24 ', 'Acme-24'], ['ACME 24', '24']],
    ['sms', '+551133334444', ['00551133334444', '＋55 11 3333-4444'], ['+5511933334444']],
    ['sms', '68849', ['68849 ', '６８８４９'], ['+68849']],
    [
      'teams',
      '0198F000-0000-7000-8000-00000000ABCD',
      ['0198f000-0000-7000-8000-00000000abcd'],
      ['0198f000-0000-7000-8000-00000000abce'],
    ],
    ['telegram', '@Ada_L', ['@ada_l', ' @ADA_L '], ['@ada_ll', 'ada_l']],
    ['email', 'Ada <ada@example.com>', [' ADA@example.com', 'mailto:ada@example.com'], ['a.da@example.com']],
    [
      'email',
      'ada@example.com (Ada)',
      [
        '"Ada <home>" <ada@example.com>',
        'ada＠example.com',
        '\u200bada@example.com',
        'mailto:ada@example.com?subject=x',
      ],
      ['ada+x@example.com', 'ada@example.com, bob@example.com', '"ada@example.com" <eve@example.com>'],
    ],
    ['email', 'ada@bücher.example', ['ada@xn--bcher-kva.example'], ['ada@bucher.example']],
  ];
  test.each(people)('of %s: %s is found, and hears, by each spelling', async (provider, stored, asked, strangers) => {
    const tenant = await service.createTenant();
    const integrationConfigId = await createConfig(tenant, provider);
    const agentId = await createAgent(tenant);
    const id = await createParticipant(tenant, {
      agentIds: [agentId],
      channels: [{ integrationConfigId, address: stored }],
    });
    for (const address of [stored, ...asked])
      expect([address, await whoIs(tenant, { channel: { provider, address } })]).toEqual([address, [[id], []]]);
    for (const address of strangers)
      expect([address, await whoIs(tenant, { channel: { provider, address } })]).toEqual([address, [[], []]]);
    if (provider === 'teams' || provider === 'telegram') return;

    const { url, secret } = await generate(tenant, { integrationConfigId, bindingId: await bindingOf(tenant, id) });
    for (const from of [stored, ...asked, ...strangers]) {
      const { status } = await service.app.fetch(fromGeneric(url, secret, { from, name: '\u2800\u200b' }));
      expect(status).toBe(200);
    }
    expect(await countsOf(tenant, id)).toEqual([1 + asked.length]);
    const unknown = await unknownSenders(tenant, { integrationConfigId });
    expect(unknown.map(({ address, displayName }) => [address, displayName]).sort()).toEqual(
      strangers.map((address) => [address, null]).sort(),
    );
  });

  test('takes what was counted of its address in another spelling', async () => {
    const tenant = await service.createTenant();
    const integrationConfigId = await createConfig(tenant, 'whatsapp');
    const id = await createParticipant(tenant, { agentIds: [await createAgent(tenant)] });
    const { url, secret } = await generate(tenant, { integrationConfigId, bindingId: await bindingOf(tenant, id) });
    for (const from of ['5215512345678@s.whatsapp.net', '525512345678', '154417159582282:1@lid', '154417159582282@lid'])
      await service.app.fetch(fromGeneric(url, secret, { from }));
    expect((await unknownSenders(tenant)).map(({ messageCount }) => messageCount)).toEqual([2, 2]);
    const input = {
      participantId: id,
      channels: ['+52 1 55 1234 5678', '154417159582282:9@lid'].map((address) => ({ integrationConfigId, address })),
    };
    dataOf(
      await tenant.graphql(
        'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }',
        { input },
      ),
    );
    expect(await countsOf(tenant, id)).toEqual([2, 2]);
    expect(await unknownSenders(tenant)).toEqual([]);
  });

  test('may have a number of its config’s country', async () => {
    const tenant = await service.createTenant();
    const { id: us, defaultRegion } = await config(tenant, { provider: 'sms', defaultRegion: ' us' });
    expect(defaultRegion).toBe('US');
    const { id: none } = await config(tenant, { provider: 'sms' });
    const health = 'channels { health { reachable } }';
    const make = async (integrationConfigId: string) =>
      dataOf(
        await tenant.graphql(
          `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id ${health} } } }`,
          {
            input: {
              kind: 'PERSON',
              displayName: 'Ada',
              channels: [{ integrationConfigId, address: '(415) 555-0101' }],
            },
          },
        ),
      ).createParticipant.participant;
    const [here, nowhere] = [await make(us), await make(none)];
    expect(here.channels[0].health.reachable).toBe(true);
    expect(nowhere.channels[0].health.reachable).toBe(false);
    const { id: user } = await created(tenant, { phoneNumber: '+14155550101' });
    expect(await whoIs(tenant, { phoneNumber: '+14155550101' })).toEqual([[here.id], [user]]);
    expect(await whoIs(tenant, { channel: { provider: 'sms', address: '4155550101' } })).toEqual([[here.id], [user]]);
    for (const region of ['USA', 'XX', '', '1'])
      expect(
        problemOf(
          await tenant.graphql(
            'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }',
            { input: { provider: 'sms', name: 'Numbers', defaultRegion: region } },
          ),
        ).code,
      ).toBe('VALIDATION_FAILED');
  });

  test.each(['ada+14155550101@example.com', 'sip:+14155550101', 'call +14155550101 now'])(
    'of a telephone is not found by %s',
    async (address) => {
      const { tenant } = service;
      const integrationConfigId = await createConfig(tenant, 'sms');
      await createParticipant(tenant, { channels: [{ integrationConfigId, address: '+14155550101' }] });
      for (const provider of ['sms', 'voice', 'whatsapp'])
        expect(await whoIs(tenant, { channel: { provider, address } })).toEqual([[], []]);
      expect(
        problemOf(
          await tenant.graphql('query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }', {
            by: { phoneNumber: address },
          }),
        ).code,
      ).toBe('VALIDATION_FAILED');
    },
  );
});

describe('the key of a name', () => {
  test.each([
    ['Straße', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['Ørsted', 'orsted'],
    ['Łódź', 'lodz'],
    ['Đorđe', 'dorde'],
    ['İstanbul', 'istanbul'],
    ['ısparta', 'isparta'],
    ['Æsir Œuvre', 'aesir oeuvre'],
    ['ﬁne', 'fine'],
    ['Þór', 'thor'],
    ['ＡＤＡ １', 'ada 1'],
    ['Ά\u03b3\u03c2', 'αγσ'],
    ['Ё', 'е'],
    ['Ⅳ', 'iv'],
    ['𝒜𝒹𝒶', 'ada'],
    ['é', 'e'],
    ['e\u0301', 'e'],
    ['A\u200dB', 'ab'],
    ['山田', '山田'],
    ['👩\u200d🚀', '👩🚀'],
    ['١٢', '١٢'],
  ])('of %s is %s, on every database', async (name, key) => {
    const id = await createParticipant(service.tenant, { displayName: name });
    const { prisma } = service.app.database;
    const stored = () => prisma.$queryRaw`select name_key as key from participant where id = ${id}::uuid`;
    expect(await stored()).toEqual([{ key }]);
    const rename = 'mutation ($i: UpdateParticipantInput!) { updateParticipant(input: $i) { participant { id } } }';
    dataOf(await service.tenant.graphql(rename, { i: { participantId: id, displayName: `Z${name}` } }));
    expect(await stored()).toEqual([{ key: `z${key}` }]);
  });
});

describe('the order of names', () => {
  test('stays while rows have no key yet, which get it without having been modified', async () => {
    const tenant = await service.createTenant();
    const { database } = service.app;
    for (const displayName of ['zoe', 'Émile', 'Bob', 'ada']) await createParticipant(tenant, { displayName });
    const rows = () =>
      tenant
        .graphql('{ participantsConnection { nodes { displayName modifiedAt } } }')
        .then((answer) => dataOf(answer).participantsConnection.nodes);
    const before = await rows();
    await database.prisma
      .$executeRaw`update participant set name_key = null where tenant_id = ${tenant.id}::uuid and display_name in ('Bob', 'zoe')`;
    expect(await rows()).toEqual(before);
    expect(before.map(({ displayName }: { displayName: string }) => displayName)).toEqual([
      'ada',
      'Bob',
      'Émile',
      'zoe',
    ]);
  });

  const names = [
    '10',
    'abel',
    'Ábel',
    'ada',
    'Bob',
    'emile',
    'Émile',
    'łukasz',
    'Lukasz B',
    'Øystein',
    'oz',
    'Straße',
    'strasse b',
    'zoe',
    'ΑΝΝΑ',
    'άννα',
    'Жанна',
    'жанна б',
    '山田',
  ];

  test('is one, without regard to case and accents, in lists and pages and both ways', async () => {
    const tenant = await service.createTenant();
    const agentId = await createAgent(tenant);
    for (const displayName of [...names, 'ada'].sort(() => Math.random() - 0.5))
      await createParticipant(tenant, { displayName, agentIds: [agentId] });
    const ordered = names.flatMap((name) => (name === 'ada' ? ['ada', 'ada'] : [name]));
    const namesOf = (nodes: { displayName: string }[]) => nodes.map(({ displayName }) => displayName);
    const lists = dataOf(
      await tenant.graphql(`{ all: participants { displayName } some: participants(agentId: "${agentId}") { displayName }
        last: participantsConnection(last: 100) { nodes { displayName } } }`),
    );
    expect(namesOf(lists.all)).toEqual(ordered);
    expect(namesOf(lists.some)).toEqual(ordered);
    expect(namesOf(lists.last.nodes)).toEqual(ordered);
    for (const [size, cursor] of [
      ['first', 'after'],
      ['last', 'before'],
    ] as const) {
      const seen: string[] = [];
      for (let at: string | null = null, more = true; more; ) {
        const { participantsConnection: page }: Untyped = dataOf(
          await tenant.graphql(
            `query ($at: String) { participantsConnection(${size}: 3, ${cursor}: $at) { nodes { displayName }
              pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
            { at },
          ),
        );
        if (size === 'first') seen.push(...namesOf(page.nodes));
        else seen.unshift(...namesOf(page.nodes));
        at = size === 'first' ? page.pageInfo.endCursor : page.pageInfo.startCursor;
        more = size === 'first' ? page.pageInfo.hasNextPage : page.pageInfo.hasPreviousPage;
      }
      expect(seen).toEqual(ordered);
    }
  });

  test('is the agents’ too', async () => {
    const tenant = await service.createTenant();
    for (const [index, name] of ['zoe', 'Émile', 'Bob', 'ada', 'emile', 'Ábel', 'abel'].entries())
      dataOf(
        await tenant.graphql('mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }', {
          input: { id: `agent-${index}`, name },
        }),
      );
    const { agents } = dataOf(await tenant.graphql('{ agents { name } }'));
    expect(agents.map(({ name }: { name: string }) => name)).toEqual([
      'abel',
      'Ábel',
      'ada',
      'Bob',
      'emile',
      'Émile',
      'zoe',
    ]);
  });

  test('takes names of 150 of the longest characters', async () => {
    const tenant = await service.createTenant();
    for (const displayName of ['\ufdfa'.repeat(150), '😀'.repeat(150), '\u1e9e'.repeat(150)])
      await createParticipant(tenant, { displayName });
  });
});

test('stored rows get their keys, each row and id stays, and what clashes stays as it was', async () => {
  const own = await createOwnDatabase(inject('database'));
  const old = await startApp({}, undefined, { database: own.place });
  try {
    const { tenant } = old;
    const { prisma } = old.app.database;
    const tenantId = tenant.id;
    const configs = Object.fromEntries(
      await Promise.all(['telegram', 'whatsapp', 'sms'].map(async (name) => [name, await createConfig(tenant, name)])),
    ) as Record<string, string>;
    const participantId = await createParticipant(tenant);
    const channel = (provider: string, address: string, identityKey: string | null) => ({
      ...{ tenantId, id: newId(), participantId, integrationConfigId: configs[provider] as string, provider, address },
      ...{ identityKey, addressValid: false },
    });
    await prisma.channel.createMany({
      data: [
        channel('telegram', '@Ada_L', null),
        channel('whatsapp', '14155550101@lid', '+14155550101'),
        channel('sms', '+553188888888', '+553188888888'),
        channel('sms', '68849', null),
      ],
    });
    const sender = (address: string, messageCount: number) => ({
      ...{ tenantId, id: newId(), integrationConfigId: configs['telegram'] as string, address, messageCount },
      ...{ firstMessageAt: new Date(), lastMessageAt: new Date() },
    });
    await prisma.unknownSender.createMany({ data: [sender('@Bob_B', 1), sender('@bob_b', 2), sender('@Cy_C', 3)] });
    const user = (phoneNumber: string) => ({ tenantId, id: newId(), phoneNumber });
    const users = [
      user('+553188888888'),
      user('+5511988888888'),
      user('+551188888888'),
      user('+5491123456789'),
      user('+14155550101'),
    ];
    await prisma.externalUser.createMany({ data: users });

    await old.app.database.connection.query(prepared('delete from backfill'), []);
    await backfillKeys(old.app.database, old.app.log);

    const channels = await prisma.channel.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(
      channels.map(({ identityKey, addressKey, addressValid }) => [identityKey, addressKey, addressValid]),
    ).toEqual([
      [null, '@ada_l', true],
      [null, null, true],
      ['+5531988888888', null, true],
      [null, null, true],
    ]);
    expect(await whoIs(tenant, { channel: { provider: 'telegram', address: '@ada_l' } })).toEqual([
      [participantId],
      [users[0]?.id],
    ]);
    const senders = await prisma.unknownSender.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(senders.map(({ address, addressKey }) => [address, addressKey])).toEqual([
      ['@Bob_B', null],
      ['@bob_b', null],
      ['@Cy_C', '@cy_c'],
    ]);
    const after = await prisma.externalUser.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(after.map(({ id, phoneNumber, phoneKey }) => [id, phoneNumber, phoneKey])).toEqual([
      [users[0]?.id, '+5531988888888', null],
      [users[1]?.id, '+5511988888888', null],
      [users[2]?.id, '+551188888888', null],
      [users[3]?.id, '+5491123456789', '+541123456789'],
      [users[4]?.id, '+14155550101', null],
    ]);
    // Done once: a second start reads nothing but that.
    const before = old.statements.length;
    await backfillKeys(old.app.database, old.app.log);
    expect(old.statements.length - before).toBe(1);
  } finally {
    await old.close();
    await own.drop();
  }
}, 60_000);

test('the start does not wait for the keys of many rows, and goes on with them', async () => {
  const own = await createOwnDatabase(inject('database'));
  if (!('url' in own.place)) return;
  const old = await startApp({}, undefined, { database: own.place });
  const other = new pg.Client({ connectionString: own.place.url });
  try {
    const { database, log } = old.app;
    const user = { tenantId: old.tenant.id, id: newId(), phoneNumber: '+553188888888' };
    await database.prisma.externalUser.create({ data: user });
    await database.connection.query(prepared('delete from backfill'), []);
    await other.connect();
    await other.query('begin');
    await other.query('select from external_user where id = $1 for update', [user.id]);

    const stop = await startBackfill(database, log);
    const unfinished = () => database.prisma.backfill.count({ where: { finishedAt: null } });
    expect(await unfinished()).toBe(1);
    await other.query('commit');
    await stop();
    // What the stop left is done by the next start.
    await startBackfill(database, log);
    expect(await unfinished()).toBe(0);
    expect(await database.prisma.externalUser.findFirst({ where: { id: user.id } })).toMatchObject({
      phoneNumber: '+5531988888888',
    });
  } finally {
    await other.end();
    await old.close();
    await own.drop();
  }
}, 60_000);
