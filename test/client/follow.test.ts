import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  AvatarBatchProgressDocument,
  AvatarSyncedDocument,
  ContactsChangedDocument,
  type ContactsChangedSubscription,
  ContactsDocument,
  type Followed,
  type FollowState,
  follow,
  type Problem,
  request,
  SyncAvatarsDocument,
} from '../../packages/client/src/index.ts';
import { startApp } from '../app.ts';
import { revoke, until } from '../events/trigger.ts';
import { createAccessKey, createAgent, createParticipant } from '../factories.ts';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';
import { useApp } from '../use-app.ts';

const service = useApp({ PORT: '0' });
let proxy: FaultProxy;
let left: Followed[] = [];
beforeAll(async () => {
  const { url } = await service.app.listen();
  proxy = await startProxy({ target: { host: '127.0.0.1', port: Number(new URL(url).port) } });
});
afterEach(async () => {
  for (const { stop } of left) stop();
  left = [];
  await proxy.mode('pass');
});
afterAll(() => proxy.close());

type Heard = { current: string[] } | { event: string[] };
type Told = { heard: Heard[]; states: [FollowState, string | null][]; ends: (Problem | null)[] };

type Times = Partial<Record<'silentAfterMs' | 'firstPauseMs' | 'longestPauseMs', number>>;

const pauses = { firstPauseMs: 5, longestPauseMs: 50 };
const endpointOf = (headers: Record<string, string>, port = proxy.port) => ({
  url: `http://127.0.0.1:${port}/graphql`,
  headers: () => headers,
});

/** Follows the contacts of an agent as a page does, by their names. */
function followContacts(
  agentId: string,
  headers: Record<string, string>,
  { port, before, ...times }: { port?: number; before?: () => Promise<void> } & Times = {},
): Told & Followed {
  const told: Told = { heard: [], states: [], ends: [] };
  const endpoint = endpointOf(headers, port);
  const followed = follow({
    endpoint,
    subscription: ContactsChangedDocument,
    variables: { agentId },
    async current(signal) {
      const answer = await request(endpoint, ContactsDocument, { agentId }, signal);
      await before?.();
      return answer.participants.map(({ displayName }) => displayName);
    },
    onCurrent: (current) => told.heard.push({ current }),
    onEvent: ({ participantChanged: { participants } }: ContactsChangedSubscription) =>
      told.heard.push({ event: participants.map(({ displayName }) => displayName) }),
    onState: (state, problem) => told.states.push([state, problem?.code ?? null]),
    onEnd: (problem) => told.ends.push(problem),
    ...pauses,
    ...times,
  });
  left.push(followed);
  return { ...told, ...followed };
}

const bearer = async () => ({ authorization: `Bearer ${await service.tenant.token()}` });
const addContact = (agentId: string, displayName: string) =>
  createParticipant(service.tenant, { displayName, agentIds: [agentId] });

describe('a subscription that is followed', () => {
  test('tells what is true now, and then what happens', async () => {
    const agentId = await createAgent(service.tenant);
    await addContact(agentId, 'Ada');
    const { heard, states } = followContacts(agentId, await bearer());
    await until(() => heard.length === 1);
    await addContact(agentId, 'Grace');
    await until(() => heard.length === 2);
    expect(heard).toEqual([{ current: ['Ada'] }, { event: ['Grace'] }]);
    expect(states).toEqual([
      ['connecting', null],
      ['live', null],
    ]);
  });

  test.each(['cut', 'fin', 'refuse'] as const)('returns after the network’s %s with what was missed', async (mode) => {
    const agentId = await createAgent(service.tenant);
    const { heard, states, ends } = followContacts(agentId, await bearer());
    await until(() => heard.length === 1);
    await proxy.mode(mode);
    await until(() => states.filter(([state]) => state === 'waiting').length >= 2);
    await addContact(agentId, 'Ada');
    await proxy.mode('pass');
    await until(() => heard.length === 2);
    await addContact(agentId, 'Grace');
    await until(() => heard.length === 3);
    expect(heard).toEqual([{ current: [] }, { current: ['Ada'] }, { event: ['Grace'] }]);
    expect(states.find(([state]) => state === 'waiting')).toEqual(['waiting', 'NETWORK']);
    expect([states.at(-1), ends]).toEqual([['live', null], []]);
  });

  test('opens a connection again that has fallen silent', async () => {
    const agentId = await createAgent(service.tenant);
    const { heard, states } = followContacts(agentId, await bearer(), { silentAfterMs: 1_500 });
    await until(() => heard.length === 1);
    await proxy.mode('silent');
    await until(() => states.some(([state]) => state === 'waiting'));
    await addContact(agentId, 'Ada');
    await proxy.mode('pass');
    await until(() => heard.length > 1);
    expect(heard[1]).toEqual({ current: ['Ada'] });
  });

  test('does not wait when the browser says that it is online', async () => {
    const listeners = new EventTarget();
    vi.stubGlobal('addEventListener', listeners.addEventListener.bind(listeners));
    vi.stubGlobal('removeEventListener', listeners.removeEventListener.bind(listeners));
    const agentId = await createAgent(service.tenant);
    const never = { firstPauseMs: 600_000, longestPauseMs: 600_000 };
    const { heard, states, stop } = followContacts(agentId, await bearer(), never);
    await until(() => heard.length === 1);
    await proxy.mode('cut');
    await until(() => states.at(-1)?.[0] === 'waiting');
    await proxy.mode('pass');
    listeners.dispatchEvent(new Event('online'));
    await until(() => heard.length === 2);
    stop();
    listeners.dispatchEvent(new Event('online'));
    expect(states.at(-1)).toEqual(['live', null]);
    vi.unstubAllGlobals();
  });

  test('holds events back until what is true now was told', async () => {
    const agentId = await createAgent(service.tenant);
    let pass = () => {};
    const gate = new Promise<void>((resolve) => {
      pass = resolve;
    });
    let reads = 0;
    const { heard, refresh } = followContacts(agentId, await bearer(), {
      async before() {
        reads += 1;
        if (reads === 2) await gate;
      },
    });
    await until(() => heard.length === 1);
    refresh();
    await until(() => reads === 2);
    const other = followContacts(agentId, await bearer());
    await until(() => other.heard.length === 1);
    await addContact(agentId, 'Ada');
    await until(() => other.heard.length === 2);
    pass();
    await until(() => heard.length === 3);
    expect(heard).toEqual([{ current: [] }, { current: [] }, { event: ['Ada'] }]);
  });

  test('waits for a server that stops', async () => {
    const stopping = await startApp({ PORT: '0' });
    const port = Number(new URL((await stopping.app.listen()).url).port);
    const agentId = await createAgent(stopping.tenant);
    const headers = { authorization: `Bearer ${await stopping.tenant.token()}` };
    const { heard, states, ends } = followContacts(agentId, headers, { port });
    await until(() => heard.length === 1);
    await stopping.close();
    await until(() => states.some(([state]) => state === 'waiting'));
    expect(states.find(([state]) => state === 'waiting')).toEqual(['waiting', 'UNAVAILABLE']);
    expect(ends).toEqual([]);
  });

  test('says nothing after it was left', async () => {
    const agentId = await createAgent(service.tenant);
    const [one, other] = [followContacts(agentId, await bearer()), followContacts(agentId, await bearer())];
    await until(() => one.heard.length === 1 && other.heard.length === 1);
    one.stop();
    await addContact(agentId, 'Ada');
    await until(() => other.heard.length === 2);
    expect([one.heard.length, one.ends, one.states.at(-1)]).toEqual([1, [], ['live', null]]);
  });
});

describe('ends for good', () => {
  test.each([
    ['UNAUTHENTICATED', 401, async () => ({ authorization: 'Bearer nobody' })],
    ['FORBIDDEN', 403, async () => ({ authorization: `Bearer ${await service.tenant.token(['users:read'])}` })],
  ] as const)('at %s', async (code, status, headers) => {
    const { heard, states, ends } = followContacts(await createAgent(service.tenant), await headers());
    await until(() => ends.length === 1);
    expect(ends).toMatchObject([{ code, status }]);
    expect([heard, states]).toEqual([[], [['connecting', null]]]);
  });

  test('without a problem when the service has completed the subscription', async () => {
    const endpoint = endpointOf(await bearer());
    const input = { agentId: await createAgent(service.tenant) };
    const { syncAgentAvatars } = await request(endpoint, SyncAvatarsDocument, { input });
    const batchId = syncAgentAvatars?.batch.id ?? '';
    const ends: (Problem | null)[] = [];
    const heard: number[] = [];
    left.push(
      follow({
        endpoint,
        subscription: AvatarBatchProgressDocument,
        variables: { batchId },
        current: async () => null,
        onCurrent: () => {},
        onEvent: ({ avatarSyncBatchProgress }) => heard.push(avatarSyncBatchProgress.done),
        onEnd: (problem) => ends.push(problem),
        ...pauses,
      }),
    );
    await until(() => ends.length === 1);
    expect([heard, ends]).toEqual([[0], [null]]);
  });

  test('when its key is revoked', async () => {
    const { headers, id } = await createAccessKey(service.tenant, ['PARTICIPANTS_READ']);
    const { heard, ends } = followContacts(await createAgent(service.tenant), headers);
    await until(() => heard.length === 1);
    await revoke(service.tenant, id);
    await until(() => ends.length === 1);
    expect(ends).toMatchObject([{ code: 'UNAUTHENTICATED', detail: 'The key was revoked.' }]);
  });

  test('when what is true now may not be read', async () => {
    const ends: (Problem | null)[] = [];
    const { headers } = await createAccessKey(service.tenant, ['PARTICIPANTS_READ']);
    const poor = endpointOf({ authorization: `Bearer ${await service.tenant.token(['users:read'])}` });
    left.push(
      follow({
        endpoint: endpointOf(headers),
        subscription: AvatarSyncedDocument,
        variables: { participantIds: [] },
        current: (signal) => request(poor, ContactsDocument, { agentId: 'nobody' }, signal),
        onCurrent: () => {},
        onEvent: () => {},
        onEnd: (problem) => ends.push(problem),
        ...pauses,
      }),
    );
    await until(() => ends.length === 1);
    expect(ends).toMatchObject([{ code: 'FORBIDDEN' }]);
  });
});
