import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { dataOf, type TestApp, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const list =
  '{ participants { id kind displayName email createdAt modifiedAt disabledAt avatarFileId relatedAgentId agentIds } }';

/** Reads all participants of a tenant; both ways have to be wide after a few times. */
const ways: readonly [string, (service: TestApp, tenant: TestTenant) => Promise<number>][] = [
  ['GraphQL', async (_, tenant) => dataOf(await tenant.graphql(list)).participants.length],
  [
    'REST',
    async (service, tenant) => {
      const headers = { authorization: `Bearer ${await tenant.token()}` };
      const url = `http://localhost/v1/tenants/${tenant.id}/participants`;
      return (await (await service.app.fetch(new Request(url, { headers }))).json()).length;
    },
  ],
];

describe.each(ways)('wide operations by %s', (_, read) => {
  let holds = false;
  let passes = '';
  const held: { since: number; proceed: () => void }[] = [];
  const service = useApp({}, (connection) => ({
    ...connection,
    async query(...given) {
      const isHeld = holds && !JSON.stringify(given[1]).includes(passes);
      if (isHeld) await new Promise<void>((proceed) => held.push({ since: performance.now(), proceed }));
      return connection.query(...given);
    },
  }));

  test('run a few at a time, and do not keep another tenant’s small reads waiting', async () => {
    const { tenant } = service;
    const other = await service.createTenant();
    const someone = await createParticipant(other);
    for (let n = 0; n < 30; n++)
      await createParticipant(tenant, { displayName: `Participant ${n} ${'x'.repeat(120)}` });
    const small = () => other.graphql('query ($id: ID!) { participant(id: $id) { id } }', { id: someone });
    // Those who have been seen are not looked up again.
    dataOf(await small());
    for (let n = 0; n < 10; n++) expect(await read(service, tenant)).toBe(30);
    // Nobody else has asked for anything in the last second.
    await sleep(1_100);

    [holds, passes] = [true, someone];
    const flood = Array.from({ length: 40 }, () => read(service, tenant));
    await vi.waitFor(() => expect(held.length).toBeGreaterThanOrEqual(32));
    expect(dataOf(await small()).participant.id).toBe(someone);
    holds = false;
    const released = performance.now();
    for (const { proceed } of held) proceed();
    expect(await Promise.all(flood)).toEqual(Array.from({ length: 40 }, () => 30));
    // The next ones begin when some are over, or have taken long.
    const begun = held[0]?.since ?? 0;
    for (const { since } of held.slice(32)) expect(since).toBeGreaterThan(Math.min(begun + 240, released));
  });
});
