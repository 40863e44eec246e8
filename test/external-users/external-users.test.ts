import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createExternalUser, joinAll, manyConversations } from '../conversations/factories.ts';
import { createAgent, createAgentKey } from '../factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const fields =
  'id displayName firstName lastName context source fkId fkUserId email phoneNumber metadata createdAt modifiedAt';
const create = (input: Record<string, unknown>, headers?: Record<string, string>) =>
  tenant.graphql(
    `mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { ${fields} } } }`,
    { input: { firstName: 'Grace', lastName: 'Hopper', ...input } },
    headers,
  );
const update = (input: Record<string, unknown>) =>
  tenant.graphql(
    `mutation ($input: UpdateExternalUserInput!) { updateExternalUser(input: $input) { user { ${fields} } } }`,
    {
      input,
    },
  );
const search = (by: Record<string, unknown>, headers?: Record<string, string>, of = tenant) =>
  of.graphql(
    `query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) {
       conversationIds user { id displayName email phoneNumber fkId conversationIds } } }`,
    { by },
    headers,
  );
type Violated = Awaited<ReturnType<typeof create>>;
const violations = ({ errors }: Violated) => errors?.[0]?.extensions.errors?.map(({ path }) => path.join('.')).sort();

describe('createExternalUser', () => {
  test('keeps what it is given, the number as E.164', async () => {
    const input = {
      firstName: ' Grace ',
      email: ' Grace@Navy.mil',
      phoneNumber: '+1 (415) 555-0130',
      fkId: ' Rear Admiral ',
      fkUserId: '7',
      context: 'Support',
      source: 'webchat',
      metadata: { ranks: ['Lt', { name: 'Adm' }], active: null },
    };
    const { user } = dataOf(await create(input)).createExternalUser;
    expect(user).toMatchObject({
      ...input,
      firstName: 'Grace',
      lastName: 'Hopper',
      displayName: 'Grace Hopper',
      email: 'Grace@Navy.mil',
      phoneNumber: '+14155550130',
    });
    expect(
      dataOf(await tenant.graphql(`query ($id: ID!) { externalUser(id: $id) { ${fields} } }`, { id: user.id }))
        .externalUser,
    ).toEqual(user);
  });

  test('names every violation at once and creates nobody', async () => {
    const answer = await create({
      firstName: ' ',
      lastName: 'x'.repeat(151),
      email: 'no',
      phoneNumber: '1',
      fkId: '',
      fkUserId: 'x'.repeat(256),
      context: 'x'.repeat(4_001),
      source: '\0',
      metadata: { nul: '\0' },
    });
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(violations(answer)).toEqual(
      ['context', 'email', 'firstName', 'fkId', 'fkUserId', 'lastName', 'metadata', 'phoneNumber', 'source'].map(
        (field) => `input.${field}`,
      ),
    );
    const nobody = await create({});
    expect([problemOf(nobody).code, violations(nobody)]).toEqual(['VALIDATION_FAILED', ['input']]);
  });

  test('names every field that another user has, and only those', async () => {
    const taken = { email: 'Taken@Example.com', phoneNumber: '+14155550140', fkId: 'taken' };
    await createExternalUser(tenant, { email: taken.email, phoneNumber: taken.phoneNumber });
    await createExternalUser(tenant, { fkId: taken.fkId });
    const spelled = { email: 'tAKEN@eXAMPLE.COM', phoneNumber: '001 415 555 0140', fkId: 'taken' };
    for (const clashing of [
      ['email'],
      ['phoneNumber'],
      ['fkId'],
      ['email', 'fkId'],
      ['email', 'phoneNumber', 'fkId'],
    ] as (keyof typeof taken)[][]) {
      const free = { email: 'free@example.com', phoneNumber: '+14155550141', fkId: 'Taken' };
      const answer = await create({ ...free, ...Object.fromEntries(clashing.map((field) => [field, spelled[field]])) });
      expect(problemOf(answer)).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
      expect(violations(answer)).toEqual(clashing.map((field) => `input.${field}`).sort());
    }
    // Nothing of those was kept, and another tenant is another world.
    expect(dataOf(await search({ email: 'free@example.com' })).searchExternalUser).toBeNull();
    await createExternalUser(await service.createTenant(), taken);
  });

  test('lets exactly one of many racing callers create a user', async () => {
    for (const [field, ...spellings] of [
      ['email', 'Racer@Example.com', 'racer@example.com'],
      ['phoneNumber', '+14155550142', '+1 415 555 0142'],
      ['fkId', 'racer'],
    ] as const) {
      const calls = Array.from({ length: 30 }, (_, index) => create({ [field]: spellings[index % spellings.length] }));
      const answers = await Promise.all(calls);
      expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
      for (const refused of answers.filter(({ errors }) => errors)) {
        expect(problemOf(refused).code).toBe('USER_ALREADY_EXISTS');
        expect(violations(refused)).toEqual([`input.${field}`]);
      }
    }
  });

  test('needs users:write', async () => {
    const headers = { authorization: `Bearer ${await tenant.token(['users:read', 'conversations:write'])}` };
    expect(problemOf(await create({ fkId: 'forbidden' }, headers))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });
});

describe('metadata', () => {
  test('comes back as it went in, or is refused', async () => {
    const id = await createExternalUser(tenant);
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }));
    await fc.assert(
      fc.asyncProperty(object, async (metadata) => {
        const sent = JSON.parse(JSON.stringify(metadata));
        const answer = await update({ id, metadata: sent });
        if (/\\u0000|"__proto__":/.test(JSON.stringify(sent))) expect(violations(answer)).toEqual(['input.metadata']);
        else expect(dataOf(answer).updateExternalUser.user.metadata).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });

  test('is bounded in size and depth, and holds no characters that are no text', async () => {
    const id = await createExternalUser(tenant);
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    // Eleven bytes are around the text.
    const long = (bytes: number) => ({ text: 'x'.repeat(bytes - 11) });
    for (const fits of [long(16_384), nested(31), { text: '\\u0000 is text' }])
      expect(dataOf(await update({ id, metadata: fits })).updateExternalUser.user.metadata).toEqual(fits);
    for (const not of [long(16_385), nested(32), nested(1_000), { '\0': 1 }, { half: '\ud800' }, { a: ['\\\0'] }])
      expect(violations(await update({ id, metadata: not }))).toEqual(['input.metadata']);
    expect(problemOf(await update({ id, metadata: ['no object'] })).status).toBe(400);
    for (const prototype of ['{"__proto__":1}', '{"a":[{"__proto__":{"b":null}}]}'])
      expect(violations(await update({ id, metadata: JSON.parse(prototype) }))).toEqual(['input.metadata']);
    const written = `mutation { updateExternalUser(input: { id: "${id}", metadata: { a: { __proto__: { b: 1 } } } }) { user { metadata } } }`;
    expect(violations(await tenant.graphql(written))).toEqual(['input.metadata']);
    const literal = `mutation { updateExternalUser(input: { id: "${id}", metadata: { a: [{ b: 1.5 }] } }) { user { metadata } } }`;
    expect(dataOf(await tenant.graphql(literal)).updateExternalUser.user.metadata).toEqual({ a: [{ b: 1.5 }] });
    // Deeper than any client's own serialiser goes.
    const abyss = `{"query":"mutation ($m: JSONObject) { updateExternalUser(input: { id: \\"${id}\\", metadata: $m }) { user { id } } }","variables":{"m":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}}`;
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await tenant.token()}` },
        body: abyss,
      }),
    );
    const { errors } = (await response.json()) as { errors: { extensions: { status: number } }[] };
    expect(errors.map(({ extensions }) => extensions.status)).toEqual([400]);
    expect(dataOf(await update({ id, metadata: null })).updateExternalUser.user.metadata).toBeNull();
  });
});

describe('updateExternalUser', () => {
  test('changes what is given, clears what is null, and leaves the rest', async () => {
    const before = dataOf(
      await create({ email: 'Before@Example.com', fkId: 'before', source: 'web', metadata: { a: 1 } }),
    ).createExternalUser.user;
    const { id } = before;
    const first = dataOf(
      await update({ id, lastName: null, source: null, email: 'AFTER@example.com', phoneNumber: '0014155550150' }),
    ).updateExternalUser.user;
    expect(first).toEqual({
      ...before,
      displayName: 'Grace',
      lastName: null,
      source: null,
      email: 'AFTER@example.com',
      phoneNumber: '+14155550150',
      modifiedAt: expect.any(String),
    });
    const second = dataOf(await update({ id, firstName: null, fkId: null })).updateExternalUser.user;
    expect(second).toMatchObject({ displayName: 'AFTER@example.com', firstName: null, fkId: null, metadata: { a: 1 } });
    expect(dataOf(await update({ id: id.toUpperCase() })).updateExternalUser.user).toEqual(second);
    // Its own identifiers don't stand in its way.
    expect(dataOf(await update({ id, email: 'after@EXAMPLE.com' })).updateExternalUser.user.email).toBe(
      'after@EXAMPLE.com',
    );
  });

  test('never leaves a user without an identifier, not even when two callers clear one each', async () => {
    const id = await createExternalUser(tenant, { email: 'last@example.com' });
    const answer = await update({ id, email: null });
    expect([problemOf(answer).code, violations(answer)]).toEqual(['VALIDATION_FAILED', ['input.email']]);
    expect(dataOf(await update({ id, email: null, fkId: 'instead' })).updateExternalUser.user).toMatchObject({
      email: null,
      fkId: 'instead',
    });
    for (let round = 0; round < 5; round++) {
      const both = await createExternalUser(tenant, { email: `both${round}@example.com`, fkId: `both${round}` });
      const answers = await Promise.all([update({ id: both, email: null }), update({ id: both, fkId: null })]);
      expect(answers.map(({ errors }) => errors?.[0]?.extensions.code).sort()).toEqual([
        'VALIDATION_FAILED',
        undefined,
      ]);
    }
  });

  test('refuses another user’s identifiers and changes nothing then', async () => {
    await createExternalUser(tenant, { email: 'Owner@Example.com', phoneNumber: '+14155550151' });
    const id = await createExternalUser(tenant, { fkId: 'other' });
    const answer = await update({
      id,
      firstName: 'Changed',
      email: 'owner@example.com',
      phoneNumber: '+1 415-555-0151',
    });
    expect(problemOf(answer)).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
    expect(violations(answer)).toEqual(['input.email', 'input.phoneNumber']);
    const { externalUser } = dataOf(
      await tenant.graphql('query ($id: ID!) { externalUser(id: $id) { firstName email } }', { id }),
    );
    expect(externalUser).toEqual({ firstName: 'Grace', email: null });
  });

  test('and deleteExternalUser know nobody who is not in the tenant', async () => {
    const foreign = await createExternalUser(await service.createTenant());
    for (const id of [foreign, newId(), 'no uuid']) {
      const notFound = { code: 'EXTERNAL_USER_NOT_FOUND', status: 404 };
      expect(problemOf(await update({ id, firstName: 'x' }))).toEqual(notFound);
      expect(
        problemOf(
          await tenant.graphql('mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }', { id }),
        ),
      ).toEqual(notFound);
      expect(
        dataOf(await tenant.graphql('query ($id: ID!) { externalUser(id: $id) { id } }', { id })).externalUser,
      ).toBeNull();
    }
  });
});

describe('deleteExternalUser', () => {
  test('deletes the user with its memberships', async () => {
    const id = await createExternalUser(tenant, { email: 'deleted@example.com' });
    const conversations = await manyConversations(service, tenant, 2);
    await joinAll(service, tenant, conversations, { contactId: id });
    const document = 'mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }';
    expect(dataOf(await tenant.graphql(document, { id: id.toUpperCase() })).deleteExternalUser.deletedId).toBe(id);
    expect(await service.app.database.prisma.conversationMember.count({ where: { contactId: id } })).toBe(0);
    expect(dataOf(await search({ email: 'deleted@example.com' })).searchExternalUser).toBeNull();
    await createExternalUser(tenant, { email: 'deleted@example.com' });
  });
});

describe('searchExternalUser', () => {
  test('finds by each identifier in any spelling, with the conversations, the newest first, in one statement', async () => {
    const id = await createExternalUser(tenant, {
      email: 'Sought@Example.com',
      phoneNumber: '+442079460018',
      fkId: 'Sought',
    });
    const conversations = await manyConversations(service, tenant, 4);
    await joinAll(service, tenant, conversations, { contactId: id });
    for (const by of [{ email: 'sOUGHT@eXAMPLE.com' }, { phoneNumber: '0044 20 7946 0018' }, { fkId: 'Sought' }]) {
      const answer = await search(by);
      expect(dataOf(answer).searchExternalUser).toEqual({
        conversationIds: conversations,
        user: {
          id,
          displayName: 'Grace Hopper',
          email: 'Sought@Example.com',
          phoneNumber: '+442079460018',
          fkId: 'Sought',
          conversationIds: conversations,
        },
      });
      expect(answer.statements).toHaveLength(1);
    }
    // Keys are the caller's own: they are compared as they are.
    for (const by of [{ fkId: 'sought' }, { email: 'sought@example.co' }, { phoneNumber: '+442079460019' }])
      expect(dataOf(await search(by)).searchExternalUser).toBeNull();
    expect(
      dataOf(await search({ fkId: 'Sought' }, undefined, await service.createTenant())).searchExternalUser,
    ).toBeNull();
  });

  test('under an agent’s key gives that agent’s conversations', async () => {
    const id = await createExternalUser(tenant, { fkId: 'of two agents' });
    const agents = [await createAgent(tenant), await createAgent(tenant)] as const;
    const own = await manyConversations(service, tenant, 2, { agentId: agents[0] });
    const others = [
      ...(await manyConversations(service, tenant, 2, { agentId: agents[1] })),
      ...(await manyConversations(service, tenant, 1)),
    ];
    await joinAll(service, tenant, [...own, ...others], { contactId: id });
    const { headers } = await createAgentKey(tenant, agents[0]);
    const answer = await search({ fkId: 'of two agents' }, headers);
    expect(dataOf(answer).searchExternalUser).toMatchObject({ conversationIds: own, user: { conversationIds: own } });
    expect(answer.statements).toHaveLength(1);
    const read = await tenant.graphql(
      'query ($id: ID!) { externalUser(id: $id) { conversationIds } }',
      { id },
      headers,
    );
    expect(dataOf(read).externalUser.conversationIds).toEqual(own);
    expect(dataOf(await search({ fkId: 'of two agents' })).searchExternalUser.conversationIds).toHaveLength(5);
  });

  test.each([50, 51])('gives the ids of all of %i conversations, the newest first', async (count) => {
    const fkId = `in ${count}`;
    const id = await createExternalUser(tenant, { fkId });
    const conversationIds = await manyConversations(service, tenant, count);
    await joinAll(service, tenant, conversationIds, { contactId: id });
    const answer = await search({ fkId });
    const newestFirst = conversationIds.sort().reverse();
    expect(dataOf(answer).searchExternalUser).toMatchObject({
      conversationIds: newestFirst,
      user: { conversationIds: newestFirst },
    });
    // So many come together with the user.
    expect(answer.statements).toHaveLength(count > 50 ? 2 : 1);
  });

  test('takes exactly one identifier, and one that is one', async () => {
    for (const by of [{}, { email: 'a@b.example', fkId: 'x' }, { email: null }])
      expect(problemOf(await search(by)).status).toBe(400);
    for (const [field, value] of [
      ['email', 'no'],
      ['phoneNumber', 'no'],
      ['fkId', ''],
    ] as const) {
      const answer = await search({ [field]: value });
      expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
      expect(violations(answer)).toEqual([`by.${field}`]);
    }
  });

  test('needs users:read', async () => {
    const headers = { authorization: `Bearer ${await tenant.token(['users:write', 'participants:read'])}` };
    expect(problemOf(await search({ fkId: 'x' }, headers))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });
});
