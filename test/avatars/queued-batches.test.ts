import { beforeEach, describe, expect, test } from 'vitest';
import { dataOf, type TestTenant } from '../app.ts';
import { createAgent, createConfig } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { batchOf, jobsOf, syncAgent } from './background.ts';
import { createContact, createContacts } from './contacts.ts';

// Nobody works: what is queued stays so.
const service = useApp();
let tenant: TestTenant;
let agent: string;
beforeEach(async () => {
  tenant = await service.createTenant();
  agent = await createAgent(tenant);
});

describe('a second batch of an agent', () => {
  test('joins the first, however many ask', async () => {
    await createContact({ service, tenant, agent }, await createConfig(tenant, 'slack', 'xoxb-good'), 'U0ADA');
    const ids = new Set(
      (await Promise.all(Array.from({ length: 8 }, () => syncAgent(tenant, agent)))).map(
        (answer) => dataOf(answer).syncAgentAvatars.batch.id as string,
      ),
    );
    expect(ids.size).toBe(1);
    expect(await jobsOf(service, tenant)).toHaveLength(1);
    const [id] = ids;
    expect(await batchOf(tenant, id as string)).toMatchObject({ total: 1, done: 0, state: 'RUNNING' });
  });
});

describe('a large batch', () => {
  test('is queued in a fixed number of statements', async () => {
    const statements: number[] = [];
    for (const size of [2, 300]) {
      tenant = await service.createTenant();
      agent = await createAgent(tenant);
      await createContacts({ service, tenant, agent }, await createConfig(tenant, 'slack', 'xoxb-good'), size);
      const answer = await syncAgent(tenant, agent);
      expect(dataOf(answer).syncAgentAvatars.batch).toMatchObject({ total: size, done: 0 });
      statements.push(answer.statements.length);
    }
    expect(statements[1]).toBe(statements[0]);
    const ids = (await jobsOf(service, tenant)).map(({ id }) => id);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/.test(id))).toBe(true);
  });
});
