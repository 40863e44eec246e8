import { exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createCancellation } from '../../src/mcp/cancellation.ts';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { audience, issuer, sign } from '../auth/tokens.ts';
import { createAccessKey } from '../factories.ts';
import { useSlack } from '../use-app.ts';
import { connect, post } from './client.ts';
import { cancel, contacts, goesOn, waiting } from './waiting.ts';

const redisUrl = process.env['REDIS_URL'];

describe('two replicas on one bus', () => {
  const viewer = { tenantId: 't', kind: 'USER', id: 'u' } as Untyped;
  const bus = createMemoryBus();
  const [here, there] = [createCancellation(bus), createCancellation(bus)];

  test('cancel each other’s calls of that credential, session and id, and no others', async () => {
    const calledOff = vi.fn();
    const over = here.listen(viewer, 'one', 7, calledOff);
    there.cancel({ ...viewer, tenantId: 'x' }, 'one', 7);
    there.cancel({ ...viewer, id: 'v' }, 'one', 7);
    there.cancel({ ...viewer, kind: 'ACCESS_KEY' }, 'one', 7);
    there.cancel(viewer, 'two', 7);
    there.cancel(viewer, 'one', '7');
    there.cancel(viewer, 'one', 8);
    expect(calledOff).not.toHaveBeenCalled();
    there.cancel(viewer, 'one', 7);
    expect(calledOff).toHaveBeenCalledTimes(1);
    over();
    there.cancel(viewer, 'one', 7);
    expect(calledOff).toHaveBeenCalledTimes(1);
  });
});

// Replicas share a database and a Redis, which not every machine has.
describe.skipIf(!redisUrl || !('url' in inject('database')))('two replicas on one Redis', () => {
  const slack = useSlack();
  let here: TestApp;
  let there: TestApp;
  let owner: Record<string, string>;
  let agentId: string;
  beforeAll(async () => {
    const keys = await generateKeyPair('ES256', { extractable: true });
    const environment = {
      JWT_PUBLIC_KEY: await exportSPKI(keys.publicKey),
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
      REDIS_URL: redisUrl as string,
      SLACK_API_URL: slack.apiUrl,
      EGRESS_ALLOW: slack.host,
    };
    here = await startApp(environment);
    there = await startApp(environment);
    slack.tokens.set('xoxb-good', 'accepted');
    owner = { authorization: `Bearer ${await sign(keys.privateKey, { tenant: here.tenant.id })}` };
    const { tenant } = here;
    const graphql = ((document: string, variables?: object) =>
      tenant.graphql(document, variables, owner)) as typeof tenant.graphql;
    ({ agentId } = await contacts({ ...tenant, graphql }));
  });
  afterAll(() => Promise.all([here?.close(), there?.close()]));

  test('a call at one is cancelled at the other, by its own credential in its own session', async () => {
    const session = { ...owner, 'mcp-session-id': 'one' };
    const call = await waiting(here, session, 7, agentId);
    const graphql = ((document: string, variables?: object) =>
      here.tenant.graphql(document, variables, owner)) as typeof here.tenant.graphql;
    const colleague = await createAccessKey({ ...here.tenant, graphql }, ['PARTICIPANTS_READ']);
    for (const headers of [
      { ...colleague.headers, 'mcp-session-id': 'one' },
      { ...owner, 'mcp-session-id': 'other' },
    ])
      expect((await post(there, headers, cancel(7))).status).toBe(202);
    expect(await goesOn(call)).toBe(true);
    expect((await post(there, session, cancel(7))).status).toBe(202);
    expect(await call.rest).toMatch('The call was cancelled');
  });

  test('the protocol’s client cancels a call wherever a balancer takes its messages', async () => {
    let answer: Promise<string> | undefined;
    const balanced = {
      ...here,
      app: {
        ...here.app,
        fetch: async (request: Request) => {
          const text = await request.clone().text();
          if (text.includes('notifications/cancelled')) return there.app.fetch(request);
          const response = await here.app.fetch(request);
          if (!text.includes('tools/call') || !response.body) return response;
          const [one, other] = response.body.tee();
          answer = new Response(other).text();
          return new Response(one, response);
        },
      },
    };
    const client = await connect(balanced, owner);
    const leaving = new AbortController();
    const call = client.callTool({ name: 'sync_avatar', arguments: { agentId } }, undefined, {
      signal: leaving.signal,
      onprogress: () => leaving.abort('enough'),
    });
    await expect(call).rejects.toThrow('enough');
    expect(await answer).toMatch('The call was cancelled');
    await client.close();
  });
});
