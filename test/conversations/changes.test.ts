import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { openStream } from '../streams.ts';
import { createConversation, createExternalUser, ensure, member, patch, remove } from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const document = `subscription ($id: ID!) { conversationParticipantChanged(conversationId: $id) {
  change conversationParticipantId occurredAt participant { id status displayName } } }`;

const listen = async (id: string, headers?: Record<string, string>) => {
  const stream = await openStream(
    service.app.fetch,
    'http://localhost/graphql',
    headers ?? { authorization: `Bearer ${await tenant.token()}` },
    document,
    { id },
  );
  return { ...stream, change: async () => (await stream.next())?.data?.conversationParticipantChanged };
};

describe('conversationParticipantChanged', () => {
  test('tells each change once, as it is now, and of this conversation only', async () => {
    const conversationId = await createConversation(tenant);
    const elsewhere = await createConversation(tenant);
    const stream = await listen(conversationId);
    const heard = stream.change();
    const id = await createParticipant(tenant, { displayName: 'Ada' });
    await member(tenant, { conversationId: elsewhere, participant: { user: { id } } });
    const added = await member(tenant, { conversationId, participant: { user: { id } }, status: 'PENDING' });
    expect(await heard).toMatchObject({
      change: 'ADDED',
      conversationParticipantId: added.id,
      participant: { id: added.id, status: 'PENDING', displayName: 'Ada' },
    });
    // What changes nothing is not told.
    dataOf(await ensure(tenant, { conversationId, participant: { user: { id } } }));
    dataOf(await patch(tenant, { conversationId, participantId: id, status: 'PENDING' }));
    dataOf(await patch(tenant, { conversationId, participantId: id }));
    await patch(tenant, { conversationId: elsewhere, participantId: id, status: 'INVITED' });

    dataOf(await patch(tenant, { conversationId, participantId: id, status: 'INVITED' }));
    expect(await stream.change()).toMatchObject({
      change: 'UPDATED',
      participant: { id: added.id, status: 'INVITED' },
    });
    dataOf(await remove(tenant, { conversationId, participantId: id }));
    expect(await stream.change()).toMatchObject({
      change: 'REMOVED',
      conversationParticipantId: added.id,
      participant: null,
    });

    const contact = await createExternalUser(tenant);
    const joined = await member(tenant, { conversationId, participant: { contact: { id: contact } } });
    expect(await stream.change()).toMatchObject({ change: 'ADDED', conversationParticipantId: joined.id });
    dataOf(
      await tenant.graphql('mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }', {
        id: contact,
      }),
    );
    expect(await stream.change()).toMatchObject({
      change: 'REMOVED',
      conversationParticipantId: joined.id,
      participant: null,
    });
    const user = await createParticipant(tenant);
    const present = await member(tenant, { conversationId, participant: { user: { id: user } } });
    expect(await stream.change()).toMatchObject({ change: 'ADDED', conversationParticipantId: present.id });
    const deletion = 'mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }';
    dataOf(await tenant.graphql(deletion, { id: user }));
    expect(await stream.change()).toMatchObject({
      change: 'REMOVED',
      conversationParticipantId: present.id,
      participant: null,
    });
    await stream.leave();
  });

  test('tells each change however much happens in other conversations', async () => {
    const conversationId = await createConversation(tenant);
    const stream = await listen(conversationId);
    const { announce } = service.app.database.forTenant(tenant.id);
    const changed = (conversationId: string, membershipId = newId()) => {
      announce('conversationParticipantChanged', {
        conversationId,
        membershipId,
        change: 'REMOVED',
        occurredAt: new Date().toISOString(),
      });
      return membershipId;
    };
    // While the first is being read, the others wait.
    const mine = [changed(conversationId), changed(conversationId), changed(conversationId)];
    for (let count = 0; count < 1_500; count++) changed(newId());
    for (const conversationParticipantId of mine)
      expect(await stream.change()).toMatchObject({ conversationParticipantId });
    await stream.leave();
  });

  test('opens only for a conversation that the viewer sees', async () => {
    const [mine, theirs] = [await createAgent(tenant), await createAgent(tenant)];
    const { headers } = await createAgentKey(tenant, mine);
    const own = await createConversation(tenant, { agentId: mine });
    const other = await createConversation(tenant, { agentId: theirs });
    const foreign = await createConversation(await service.createTenant());
    for (const [id, as] of [
      [other, headers],
      [foreign, undefined],
      [newId(), undefined],
      ['no uuid', undefined],
    ] as const) {
      const stream = await listen(id, as);
      expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('CONVERSATION_NOT_FOUND');
      await stream.leave();
    }
    const stream = await listen(own, headers);
    const heard = stream.change();
    await member(tenant, { conversationId: own, participant: { flow: { id: 'f' } } });
    expect(await heard).toMatchObject({ change: 'ADDED', participant: { status: 'ACTIVE' } });
    await stream.leave();
  });

  test('needs conversations:read', async () => {
    const stream = await listen(newId(), { authorization: `Bearer ${await tenant.token(['conversations:write'])}` });
    expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    await stream.leave();
  });
});
