import { describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createExternalUser, joinAll, manyConversations } from '../conversations/factories.ts';
import { createAgent, createAgentKey } from '../factories.ts';
import { later, useApp } from '../use-app.ts';
import { externalUserCalls, violations } from './calls.ts';

const service = useApp();
const tenant = later(() => service.tenant);
const { search } = externalUserCalls(() => tenant);

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
