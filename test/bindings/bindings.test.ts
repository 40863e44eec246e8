import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { rowsOf } from '../tenants/world.ts';

let service: TestApp;
let tenant: TestTenant;
let participantId: string;
beforeAll(async () => {
  service = await startApp();
});
beforeEach(async () => {
  tenant = await service.createTenant();
  await createAgent(tenant, 'agent');
  participantId = await createParticipant(tenant);
});
afterAll(() => service.close());

const bind = (input: object = {}) =>
  tenant.graphql(
    `mutation ($input: BindParticipantInput!) { bindParticipant(input: $input) {
      created binding { id participantId agentId createdAt modifiedAt agent { name } participant { agentIds } }
    } }`,
    { input: { participantId, agentId: 'agent', ...input } },
  );
const unbind = (input: object = {}) =>
  tenant.graphql(
    'mutation ($input: UnbindParticipantInput!) { unbindParticipant(input: $input) { removed participant { id agentIds } } }',
    { input: { participantId, agentId: 'agent', ...input } },
  );
const bindings = async () => (await rowsOf(service.app.database, tenant.id))['binding'];

describe('bindParticipant', () => {
  test('binds, and again finds the binding as it is', async () => {
    const first = dataOf(await bind()).bindParticipant;
    expect(first).toMatchObject({
      created: true,
      binding: { participantId, agentId: 'agent', agent: { name: 'agent' }, participant: { agentIds: ['agent'] } },
    });
    const rows = await bindings();
    expect(dataOf(await bind({ participantId: participantId.toUpperCase() })).bindParticipant).toEqual({
      ...first,
      created: false,
    });
    expect(await bindings()).toEqual(rows);
  });

  test('fifty times at once makes one binding, and says so once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => bind()));
    const told = answers.map((answer) => dataOf(answer).bindParticipant);
    expect(told.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(told.map(({ binding }) => binding.id)).size).toBe(1);
    expect(await bindings()).toHaveLength(1);
  });

  test.each([
    [
      'a participant that is not there',
      { participantId: '0198f000-0000-7000-8000-000000000000' },
      'PARTICIPANT_NOT_FOUND',
    ],
    ['a participant’s id that is none', { participantId: 'x' }, 'PARTICIPANT_NOT_FOUND'],
    ['an agent that is not there', { agentId: 'nobody' }, 'AGENT_NOT_FOUND'],
    ['an agent in another case', { agentId: 'Agent' }, 'AGENT_NOT_FOUND'],
    ['neither', { participantId: 'x', agentId: 'nobody' }, 'PARTICIPANT_NOT_FOUND'],
  ])('of %s is refused', async (_, input, code) => {
    expect(problemOf(await bind(input))).toEqual({ code, status: 404 });
    expect(await bindings()).toEqual([]);
  });
});

describe('unbindParticipant', () => {
  test('unbinds, and again succeeds without anything to remove', async () => {
    await bind();
    expect(dataOf(await unbind()).unbindParticipant).toEqual({
      removed: true,
      participant: { id: participantId, agentIds: [] },
    });
    expect(dataOf(await unbind()).unbindParticipant).toEqual({
      removed: false,
      participant: { id: participantId, agentIds: [] },
    });
    const rows = await rowsOf(service.app.database, tenant.id);
    expect([rows['participant']?.length, rows['agent']?.length, rows['binding']?.length]).toEqual([1, 1, 0]);
  });

  test('leaves other bindings alone', async () => {
    await createAgent(tenant, 'other');
    await bind();
    await bind({ agentId: 'other' });
    expect(dataOf(await unbind()).unbindParticipant.participant.agentIds).toEqual(['other']);
    expect(dataOf(await unbind({ agentId: 'nobody' })).unbindParticipant.removed).toBe(false);
  });

  test('of a participant that is not there is refused', async () => {
    for (const id of ['x', '0198f000-0000-7000-8000-000000000000']) {
      expect(problemOf(await unbind({ participantId: id }))).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    }
  });

  test('racing with bindParticipant leaves what the last of them says', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? bind() : unbind()).then(dataOf)));
    const left = (await bindings())?.length;
    expect(dataOf(await unbind()).unbindParticipant.removed).toBe(left === 1);
  });
});
