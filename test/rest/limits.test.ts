import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { useApp } from '../use-app.ts';
import { createCaller } from './caller.ts';
import { createRestWorld, type RestWorld } from './world.ts';

const service = useApp();
const limited = useApp({ RATE_LIMIT: '2' });
let world: RestWorld;
let caller: ReturnType<typeof createCaller>;
beforeAll(async () => {
  world = await createRestWorld(service);
  caller = createCaller(service);
});

describe('the rate limit', () => {
  test.each([
    ['users', () => '/external/users/search', { status: 429, name: 'RATE_LIMITED', message: 'RATE_LIMITED' }],
    ['conversations', (id: string) => `/workspaces/${id}/conversations`, { code: 'TooManyRequests' }],
    ['directory', (id: string) => `/v1/tenants/${id}/participants`, { code: 'RATE_LIMITED', status: 429 }],
  ] as const)('is told in the shape of the %s face, with the seconds to wait', async (_, path, shape) => {
    const tenant = await limited.createTenant();
    const headers = { authorization: `Bearer ${await tenant.token()}` };
    const { call } = createCaller(limited);
    await call('GET', path(tenant.id), { headers });
    await call('GET', path(tenant.id), { headers });
    const third = await call('GET', path(tenant.id), { headers });
    expect(third.status).toBe(429);
    expect(third.body).toMatchObject(shape);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

test('a request’s id is the caller’s, in the header and the problem', async () => {
  const id = newId();
  const answer = await caller.call('GET', `/v1/tenants/${newId()}/participants`, {
    headers: { authorization: world.authorization, 'x-request-id': id },
  });
  expect([answer.headers.get('x-request-id'), answer.body.instance]).toEqual([id, `urn:uuid:${id}`]);
});

test('the metrics count by operation and status', async () => {
  const headers = { authorization: world.authorization };
  await caller.call('GET', `/external/users/${newId()}`, { headers });
  const { text } = await caller.call('GET', '/metrics');
  expect(text).toMatch(/rollcall_rest_requests_total\{operation="users\.getUser",status="404"\} 1/);
});

test('a long list of participants is whole, and each has what is its own', async () => {
  const own = await createRestWorld(service);
  const tenantId = own.tenant.id;
  const data = Array.from({ length: 600 }, (_, index) => ({
    tenantId,
    id: newId(),
    kind: 'PERSON' as const,
    displayName: `Person ${index}`,
  }));
  await service.app.database.prisma.participant.createMany({ data });
  const { status, body } = await caller.call('GET', `/v1/tenants/${tenantId}/participants`, {
    headers: { authorization: own.authorization },
  });
  expect([status, body.length]).toEqual([200, 601]);
  expect(body[0]).toMatchObject({
    displayName: 'Ada Lovelace',
    agentIds: [own.agent],
    channels: [{ address: 'U0ADA' }],
  });
  expect(body[600]).toMatchObject({ agentIds: [], channels: [], health: { reason: 'NO_CHANNEL' } });
});
