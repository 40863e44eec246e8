import { describe, expect, test } from 'vitest';
import { dataOf, type Untyped } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

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
