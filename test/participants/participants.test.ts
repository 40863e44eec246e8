import { describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const contactList = `query ($agentId: ID) {
  participants(agentId: $agentId) {
    id kind displayName email relatedAgentId avatarFileId createdAt modifiedAt
    channels { integrationConfigId address priority label disabled } agentIds
  }
}`;

describe('the contact list', () => {
  test('is an agent’s contacts by name, in one statement however many they are', async () => {
    const tenant = await service.createTenant();
    const agentId = await createAgent(tenant);
    const config = await createConfig(tenant);
    for (const displayName of ['Cleo', 'Ada', 'Bo']) {
      await createParticipant(tenant, {
        displayName,
        agentIds: [agentId],
        channels: [
          { integrationConfigId: config, address: `U${displayName.toUpperCase()}2`, priority: 2 },
          { integrationConfigId: config, address: `U${displayName.toUpperCase()}1`, priority: 1, label: 'first' },
        ],
      });
    }
    await createParticipant(tenant, { displayName: 'Nobody’s contact' });

    const answer = await tenant.graphql(contactList, { agentId });

    expect(dataOf(answer).participants).toHaveLength(3);
    expect(dataOf(answer).participants.map((each: { displayName: string }) => each.displayName)).toEqual([
      'Ada',
      'Bo',
      'Cleo',
    ]);
    expect(dataOf(answer).participants[0]).toMatchObject({
      kind: 'PERSON',
      email: null,
      agentIds: [agentId],
      channels: [
        { integrationConfigId: config, address: 'UADA1', priority: 1, label: 'first', disabled: false },
        { integrationConfigId: config, address: 'UADA2', priority: 2, label: null, disabled: false },
      ],
    });
    expect(answer.statements).toHaveLength(1);
  });

  test('of an unknown agent is empty', async () => {
    expect(dataOf(await service.tenant.graphql(contactList, { agentId: 'nobody' })).participants).toEqual([]);
  });
});

describe('createParticipant', () => {
  test('names every violation at once and writes nothing', async () => {
    const tenant = await service.createTenant();
    const answer = await tenant.graphql(
      `mutation { createParticipant(input: { kind: PERSON, displayName: " ", email: "no", relatedAgentId: "x",
         channels: [{ integrationConfigId: "x", address: "" }] }) { participant { id } } }`,
    );
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(answer.errors?.[0]?.extensions.errors?.map(({ path }) => path.join('.')).sort()).toEqual([
      'input.channels.0.address',
      'input.displayName',
      'input.email',
      'input.relatedAgentId',
    ]);
    expect(dataOf(await tenant.graphql('{ participants { id } }')).participants).toEqual([]);
  });
});
