import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { type Answer, dataOf, type TestTenant } from '../app.ts';
import { createConfig } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';
import { times } from './documents.ts';

const service = useApp();

describe('a result', () => {
  let large: TestTenant;
  beforeAll(async () => {
    large = await service.createTenant();
    await service.app.database.connection.query(
      prepared(`insert into participant (tenant_id, id, kind, display_name)
       select $1::uuid, gen_random_uuid(), 'PERSON', 'P' || n from generate_series(1, 10000) n`),
      [large.id],
    );
  });
  const over = [{ code: 'RESULT_TOO_LARGE', status: 413 }];
  const told = ({ errors }: Pick<Answer<unknown>, 'errors'>) =>
    errors?.map(({ extensions: { code, status } }) => ({ code, status }));

  test('that every one of the directory’s rows makes large is refused once, and read no more than it takes to know', async () => {
    const avatars = times(55, (index) => `a${index}: avatarUrl(size: 64)`);
    const document = `query ($agent: ID) { r0: participants(agentId: $agent) { ...F } r1: participants { ...F } r2: participants { ...F } }
      fragment F on Participant { ${avatars} }`;
    // From the third time on it runs compiled.
    for (let time = 0; time < 4; time++) {
      const answer = await large.graphql(document);
      expect(told(answer)).toEqual(over);
      expect(answer.data).toBeNull();
      // A beginning of each, and, in its turn, one whole list or all of them at once.
      expect(answer.statements.length).toBeLessThanOrEqual(6);
    }
  });

  test('of many lists is refused before one is read', async () => {
    const document = `{ ${times(20, (index) => `r${index}: participants { id }`)} }`;
    const answer = await large.graphql(document);
    expect(told(answer)).toEqual([{ code: 'UNPROCESSABLE', status: 422 }]);
    expect(answer.statements).toEqual([]);
  });

  test('of a whole directory is complete, in as many statements as of a part', async () => {
    const answer = await large.graphql('{ participants { displayName channels { id } agentIds } }');
    expect((answer.data as { participants: unknown[] }).participants).toHaveLength(10_000);
    // The beginning, the list, how many channels and bindings there are, the channels, and the agents' ids.
    expect(answer.statements).toHaveLength(6);
  });

  test('of a mutation is refused, but what is written after it is written', async () => {
    const [first] = (await large.graphql('{ participantsConnection(first: 1) { nodes { id } } }')).data
      .participantsConnection.nodes;
    const data = Array.from({ length: 3_000 }, (_, n) => ({ tenantId: large.id, id: `a${n}`, name: `A${n}` }));
    await service.app.database.prisma.agent.createMany({ data });
    await service.app.database.connection.query(
      prepared(`insert into binding (tenant_id, id, participant_id, agent_id)
       select $1::uuid, gen_random_uuid(), $2::uuid, 'a' || n from generate_series(0, 2999) n`),
      [large.id, first.id],
    );
    const many = times(50, (index) => `a${index}: agents { id name }`);
    const answer = await large.graphql(
      `mutation ($id: ID!) {
      a: disableParticipant(input: { participantId: $id }) { participant { ${many} } }
      b: enableParticipant(input: { participantId: $id }) { participant { disabledAt } }
    }`,
      first,
    );
    expect(told(answer)).toEqual(over);
    expect(answer.data).toEqual({ a: null, b: { participant: { disabledAt: null } } });
  });

  describe('counts are priced by what they read:', () => {
    const declared = { f: '$f: ParticipantFilter = { reachable: true }', r: '$r: Boolean', n: '$n: Boolean = null' };
    const variablesOf = (filter: string) => {
      const used = Object.entries(declared).filter(([name]) => filter.includes(`$${name}`));
      return used.length > 0 ? `(${used.map(([, definition]) => definition).join(', ')})` : '';
    };
    const counts = (count: number, filter: string, field = 'totalCount') =>
      `query ${variablesOf(filter)} { ${times(count, (index) => `c${index}: participantsConnection(first: 0, filter: ${filter}) { ${field} }`)} }`;

    test.each([
      ['{ reachable: true }', {}],
      ['{ reason: NO_CHANNEL }', {}],
      ['{ reachable: $r }', { r: false }],
      ['$f', {}],
      ['$f', { f: { reason: 'NO_CHANNEL' } }],
    ])('twenty by the filter %s with %j are refused', async (filter, variables) => {
      for (const field of ['totalCount', 'totalCountAtLeast', '...C']) {
        const text = counts(20, filter, field);
        const document = field === '...C' ? `${text} fragment C on ParticipantConnection { totalCount }` : text;
        const answer = await large.graphql(document, variables);
        expect(told(answer)).toEqual([{ code: 'UNPROCESSABLE', status: 422 }]);
        expect(answer.statements).toEqual([]);
      }
    });

    test.each([
      ['{ kind: PERSON }', {}],
      ['{ reachable: $n }', {}],
      ['$f', { f: { kind: 'GROUP' } }],
      ['$f', { f: null }],
    ])('twenty by the filter %s with %j are not', async (filter, variables) => {
      expect((await large.graphql(counts(20, filter), variables)).errors).toBeUndefined();
    });

    test('both fields of a connection are one statement', async () => {
      const answer = await large.graphql('{ participantsConnection(first: 0) { totalCount totalCountAtLeast } }');
      expect(answer.statements.filter((text) => text.includes('count(*)'))).toHaveLength(1);
    });
  });

  describe('a batch', () => {
    const batch = async (operations: object[]) => {
      const response = await service.app.fetch(
        new Request('http://localhost/graphql', {
          method: 'POST',
          headers: { authorization: `Bearer ${await large.token()}`, 'content-type': 'application/json' },
          body: JSON.stringify(operations),
        }),
      );
      return (await response.json()) as Pick<Answer<unknown>, 'errors'>[];
    };

    test('shares what it may cost', async () => {
      const query = '{ participantsConnection(first: 0, filter: { reachable: true }) { totalCount } }';
      const codes = (await batch(Array.from({ length: 10 }, () => ({ query })))).map(told);
      expect(codes.filter((one) => one === undefined)).toHaveLength(2);
      expect(codes.filter((one) => one?.[0]?.code === 'UNPROCESSABLE')).toHaveLength(8);
    });

    test('shares how large its results may be', async () => {
      const query = '{ participants { id displayName kind createdAt modifiedAt email } }';
      const answers = (await batch(Array.from({ length: 8 }, () => ({ query })))).map(told);
      expect(answers).toContainEqual(over);
      expect(answers).toContainEqual(undefined);
    });

    test('has one file, and uploads it once', async () => {
      const upload = (name: string) =>
        `${name}: uploadParticipantAvatar(input: { participantId: "x", file: $file }) { participant { id } }`;
      const send = async (operations: unknown, places: string[]) => {
        const form = new FormData();
        form.set('operations', JSON.stringify(operations));
        form.set('map', JSON.stringify({ 0: places }));
        form.set('0', new Blob(['x']));
        const response = await service.app.fetch(
          new Request('http://localhost/graphql', {
            method: 'POST',
            headers: { authorization: `Bearer ${await large.token()}` },
            body: form,
          }),
        );
        return (await response.json()) as Pick<Answer<unknown>, 'errors'>;
      };
      const [once, twice] = [upload('a'), `${upload('a')} ${upload('b')}`].map((fields) => ({
        query: `mutation ($file: File!) { ${fields} }`,
        variables: { file: null },
      }));
      expect(told(await send(once, ['variables.file']))?.[0]?.code).toBe('PARTICIPANT_NOT_FOUND');
      expect(told(await send(twice, ['variables.file']))).toEqual([{ code: 'UNPROCESSABLE', status: 422 }]);
      expect(told(await send([once, once], ['0.variables.file', '1.variables.file']))).toEqual(over);
    });
  });

  test('of lists below a long list is refused before they are read, where the database says how long they are', async () => {
    const tenant = await service.createTenant();
    const { prisma } = service.app.database;
    await prisma.agent.create({ data: { tenantId: tenant.id, id: 'one', name: 'One' } });
    await service.app.database.connection.query(
      prepared(`with p as (insert into participant (tenant_id, id, kind, display_name)
         select $1::uuid, gen_random_uuid(), 'PERSON', 'P' || n from generate_series(1, 8000) n returning id)
       insert into binding (tenant_id, id, participant_id, agent_id) select $1::uuid, gen_random_uuid(), id, 'one' from p`),
      [tenant.id],
    );
    const answer = await tenant.graphql(
      '{ participants { agents { id } b: agents { id name } c: bindings { agent { id name } participant { id displayName } } d: bindings { agent { id name } participant { id displayName } } } }',
    );
    expect(told(answer)).toEqual(over);
    // The beginning, the list, and one count for all lists of bindings.
    expect(answer.statements).toHaveLength(3);
    expect(answer.statements.filter((text) => text.includes('count(*)'))).toHaveLength(1);
    const few = await tenant.graphql('{ participants { agents { id } } }');
    expect((few.data as { participants: { agents: object[] }[] }).participants[0]?.agents).toEqual([{ id: 'one' }]);
  });

  test('of a long list that has no room is refused when the list has been counted', async () => {
    const document = `query ($agent: ID) { participants(agentId: $agent) { ${times(55, (index) => `a${index}: avatarUrl`)} } }`;
    const counts = (statements: readonly string[]) => statements.map((text) => text.includes('count(*)'));
    const answer = await large.graphql(document);
    expect([told(answer), answer.data, counts(answer.statements)]).toEqual([over, null, [false, true]]);

    const { prisma, connection } = service.app.database;
    await prisma.agent.create({ data: { tenantId: large.id, id: 'counted', name: 'Counted' } });
    const bind = async (from: number, to: number) => {
      await connection.query(
        prepared(`insert into binding (tenant_id, id, participant_id, agent_id)
           select p.tenant_id, gen_random_uuid(), p.id, 'counted' from participant p where p.tenant_id = $1::uuid
           order by p.id offset $2::int limit $3::int`),
        [large.id, from, to - from],
      );
      // A table that was filled just now has no statistics, and a plan without them can take a minute.
      await connection.script(async (script) => {
        await script('analyze binding');
      });
    };
    await bind(0, 1_000);
    const fits = await large.graphql(document, { agent: 'counted' });
    expect([fits.errors, (fits.data as { participants: [] }).participants.length]).toEqual([undefined, 1_000]);
    expect(counts(fits.statements)).toEqual([false, true, false]);
    await bind(1_000, 4_000);
    const ofAgent = await large.graphql(document, { agent: 'counted' });
    expect([told(ofAgent), counts(ofAgent.statements)]).toEqual([over, [false, true]]);
  });

  test('of the health of all is refused before it is read', async () => {
    const config = await createConfig(large, 'sms');
    await service.app.database.connection.query(
      prepared(`insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, address_valid)
         select p.tenant_id, gen_random_uuid(), p.id, $2::uuid, 'sms', '1', true from participant p where p.tenant_id = $1::uuid`),
      [large.id, config],
    );
    const answer = await large.graphql(
      `{ participants { health { channels { ${times(12, (index) => `a${index}: address`)} } } } }`,
    );
    expect(told(answer)).toEqual(over);
    // The beginning, the list, and how many channels there are.
    expect(answer.statements.map((text) => /from channel c/.test(text))).toEqual([false, false, false]);

    // What is read for it has the addresses, whichever fields are selected: 16.4 MB.
    await service.app.database.connection.script(async (script) => {
      // Without triggers: what they write is of no use here, and takes long.
      await script('set local session_replication_role = replica');
      await script(`update channel set address = repeat('y', 4000) where tenant_id = '${large.id}' and id in (
         select id from channel where tenant_id = '${large.id}' limit 4100)`);
    });
    for (const fields of ['health { id }', 'reachable', 'channels { id }']) {
      const long = await large.graphql(`{ participants { ${fields} } }`);
      expect([told(long), long.statements.length]).toEqual([over, 3]);
    }
  });

  test('ends with one error when many lists of it are refused, and goes on when few are', async () => {
    const [a, b] = [newId(), newId()];
    await service.app.database.connection.query(
      prepared(`with c as (insert into conversation (tenant_id, id)
         values ($1::uuid, $2::uuid), ($1::uuid, $3::uuid) returning id)
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id)
       select $1::uuid, gen_random_uuid(), c.id, 'USER', p.id::text, p.id from c, participant p
       where p.tenant_id = $1::uuid and (c.id = $2::uuid or p.display_name = 'P1')`),
      [large.id, a, b],
    );
    const few = await large.graphql(
      'query ($a: ID!, $b: ID!) { viewer { kind } a: conversation(id: $a) { ...C } b: conversation(id: $b) { ...C } } fragment C on Conversation { participants { id } }',
      { a, b },
    );
    expect([told(few), few.data]).toEqual([[...over, ...over], { viewer: { kind: 'USER' }, a: null, b: null }]);

    const many = await large.graphql(
      '{ viewer { kind } participantsConnection(first: 100) { nodes { conversations { nodes { participants { id } } } } } }',
    );
    expect([told(many), many.data]).toEqual([over, null]);
  });

  test('of pages and of lists below a single row of each is refused before they are read', async () => {
    const { conversationsConnection } = dataOf(
      await large.graphql('{ conversationsConnection(last: 1) { nodes { id } } }'),
    );
    const [{ id }] = conversationsConnection.nodes;
    const members = await large.graphql(
      'query ($id: ID!) { conversation(id: $id) { participants { conversation { participants { id } } } } }',
      { id },
    );
    // The conversation, its list, and how many take part in the conversations of the list.
    expect([told(members), members.data, members.statements.length]).toEqual([over, null, 3]);

    const names = times(45, (index) => `a${index}: name`);
    const document = `query ($first: Int!) { participants { conversations(first: $first) { nodes { ${names} } } } }`;
    const pages = await large.graphql(document, { first: 1 });
    // The beginning, the list, and how many rows the pages have.
    expect([told(pages), pages.data, pages.statements.length]).toEqual([over, null, 3]);
    expect(pages.statements.at(-1)).toMatch(/^\s*select count\(\*\)/);
    // A viewer who may not read them is not told how many there are.
    const token = await large.token(['participants:read']);
    const refused = await large.graphql(document, { first: 1 }, { authorization: `Bearer ${token}` });
    expect(told(refused)?.[0]?.code).toBe('FORBIDDEN');
    const wrong = await large.graphql(document, { first: -1 });
    expect(told(wrong)?.[0]?.code).toBe('VALIDATION_FAILED');
  });
});
