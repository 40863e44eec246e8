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
  const held: (() => void)[] = [];
  const service = useApp({}, (connection) => ({
    ...connection,
    async query(...given) {
      if (holds) await new Promise<void>((resolve) => held.push(resolve));
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

    holds = true;
    const flood = Array.from({ length: 40 }, () => read(service, tenant));
    await vi.waitFor(() => expect(held).toHaveLength(32));
    await sleep(50);
    expect(held).toHaveLength(32);
    const beside = small();
    await vi.waitFor(() => expect(held).toHaveLength(33));
    holds = false;
    for (const proceed of held) proceed();
    expect(dataOf(await beside).participant.id).toBe(someone);
    expect(await Promise.all(flood)).toEqual(Array.from({ length: 40 }, () => 30));
  });
});
