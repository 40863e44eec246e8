import { expect, test } from 'vitest';
import { contactChanges } from '../../src/directory/participants/changes.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('many streams that hear of one event read its contacts by a few statements, and have rows of their own', async () => {
  const { tenant } = service;
  const agents = [await createAgent(tenant), await createAgent(tenant)];
  const id = await createParticipant(tenant, { displayName: 'Ada', agentIds: agents });
  const db = service.app.database.forTenant(tenant.id);
  const before = service.statements.length;
  const bus = createMemoryBus();
  const streams = Array.from({ length: 200 }, (_, index) =>
    contactChanges(db, bus, agents[index % 2] as string, () => {}),
  );
  const heard = streams.map((stream) => stream.next());
  bus.announce(tenant.id, 'participantChanged', { participantIds: [id], unbound: [], integrationConfigId: null });
  const rows = (await Promise.all(heard)).map(({ value }) => value?.participants[0]);
  expect(rows.map((row) => [row?.id, row?.displayName])).toEqual(streams.map(() => [id, 'Ada']));
  expect(new Set(rows).size).toBe(200);
  // So many turns as the fan-out takes, and one for each agent.
  const statements = service.statements.slice(before);
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.length).toBeLessThanOrEqual(30);
  await Promise.all(streams.map((stream) => stream.return()));
});
