import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createBodyBudget } from '../../src/http/bodies.ts';
import { callTool } from '../../src/mcp/call.ts';
import { createMcpHandler } from '../../src/mcp/handler.ts';
import { prepareTools } from '../../src/mcp/toolbox.ts';
import { createBudget } from '../../src/operations/budget.ts';
import type { PreparedOperation } from '../../src/operations/prepare.ts';
import { createPrepare } from '../../src/operations/prepare.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { eager } from '../avatars/background.ts';
import { createAccessKey } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { listenLocally } from '../socket.ts';
import { useSlack } from '../use-app.ts';
import { call, connect, post } from './client.ts';
import { cancel, contacts, goesOn, waiting, waitingCall } from './waiting.ts';

const slack = useSlack();
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let busy: TestApp;
let idle: TestApp;
beforeAll(async () => {
  const environment = { SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host };
  own = await createOwnDatabase(inject('database'));
  busy = await startApp({ ...environment, ...eager }, undefined, { database: own.place });
  idle = await startApp(environment);
  slack.tokens.set('xoxb-good', 'accepted');
  const image = await png(64, 64);
  for (const name of ['ADA', 'BOB', 'EVE']) slack.users.set(`U0${name}`, { image });
});
afterAll(async () => {
  await Promise.all([busy.close(), idle.close()]);
  await own.drop();
});

const bearer = async ({ tenant }: TestApp) => ({ authorization: `Bearer ${await tenant.token()}` });

describe('avatars', () => {
  test('of one contact are fetched by a channel of theirs', async () => {
    const { participantId, channelId } = await contacts(idle.tenant);
    const client = await connect(idle, await bearer(idle));
    const { data } = await call(client, 'sync_avatar', { participantId, channelId });
    expect(data.syncParticipantAvatarFromChannel.participant).toMatchObject({
      id: participantId,
      avatarSource: 'CHANNEL',
      avatarUrl: expect.stringMatching('/files/'),
    });
    const missing = await call(client, 'sync_avatar', { participantId, channelId: participantId });
    expect(missing).toMatchObject({ isError: true, data: { code: 'CHANNEL_NOT_ON_PARTICIPANT', status: 400 } });
  });

  test('of an agent’s contacts are fetched with progress until the batch is done', { timeout: 30_000 }, async () => {
    const { agentId } = await contacts(busy.tenant);
    const client = await connect(busy, await bearer(busy));
    const heard: { progress: number; total?: number }[] = [];
    const { data } = await call(client, 'sync_avatar', { agentId }, { onprogress: (one: Untyped) => heard.push(one) });
    expect(data.avatarSyncBatchProgress).toMatchObject({ agentId, state: 'FINISHED', total: 3, done: 3, failed: 0 });
    expect(heard.at(-1)).toMatchObject({ progress: 3, total: 3, message: expect.stringMatching('0 failed') });
    const steps = heard.map(({ progress }) => progress);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  });

  test('of an agent’s contacts are left to the background without a progress token', async () => {
    const { agentId } = await contacts(idle.tenant);
    const { data } = await call(await connect(idle, await bearer(idle)), 'sync_avatar', { agentId });
    expect(data.syncAgentAvatars.batch).toMatchObject({ agentId, state: 'RUNNING', total: 3 });
  });
});

describe('a call that waits', () => {
  test('is cancelled by its client', async () => {
    const client = await connect(idle, await bearer(idle));
    const { agentId } = await contacts(idle.tenant);
    const cancelling = new AbortController();
    const outcome = call(
      client,
      'sync_avatar',
      { agentId },
      {
        onprogress: () => cancelling.abort('enough'),
        signal: cancelling.signal,
      },
    );
    await expect(outcome).rejects.toThrow('enough');
  });

  test('is cancelled in its own session by its own credential, and in no other', async () => {
    const session = { ...(await bearer(idle)), 'mcp-session-id': 'one' };
    const other = { ...session, 'mcp-session-id': 'other' };
    const { agentId } = await contacts(idle.tenant);
    const [mine, theirs] = await Promise.all([waiting(idle, session, 7, agentId), waiting(idle, other, 7, agentId)]);
    const stranger = { authorization: `Bearer ${await (await idle.createTenant()).token()}`, 'mcp-session-id': 'one' };
    const colleague = {
      ...(await createAccessKey(idle.tenant, ['PARTICIPANTS_READ'])).headers,
      'mcp-session-id': 'one',
    };
    for (const [headers, id] of [
      [stranger, 7],
      [colleague, 7],
      [session, '7'],
      [session, 8],
    ] as const)
      expect((await post(idle, headers, cancel(id))).status).toBe(202);
    expect(await Promise.all([goesOn(mine), goesOn(theirs)])).toEqual([true, true]);
    expect((await post(idle, session, cancel(7))).status).toBe(202);
    expect(await mine.rest).toMatch('The call was cancelled');
    expect(await goesOn(theirs)).toBe(true);
    await theirs.reader.cancel();
  });

  test('leaves its stream when it is ended', async () => {
    const prepare = createPrepare(buildSchema(), { introspection: true, compileAfter: 2 });
    const tool = prepareTools(prepare).get('sync_avatar')!;
    const left = vi.fn();
    const batch = { id: 'b', done: 0, total: 1, synced: 0, failed: 0 };
    const states = {
      next: vi
        .fn()
        .mockResolvedValueOnce({ done: false, value: { data: { avatarSyncBatchProgress: batch } } })
        .mockReturnValue(new Promise(() => {})),
      return: left,
    };
    const run = ({ operation }: PreparedOperation) =>
      operation.operation === 'subscription'
        ? { ...states, [Symbol.asyncIterator]: () => states }
        : { data: { syncAgentAvatars: { batch } } };
    const ending = new AbortController();
    const own = { requestId: 'r', budget: createBudget(), signal: ending.signal, tell: async () => ending.abort() };
    const operations = { prepare, run } as Untyped;
    const options = { operations, format: (result: Untyped) => result, answered: vi.fn() };
    const result = await callTool(tool, { agentId: 'a' }, { ...own, viewer: {} as Untyped }, options);
    expect(result.isError).toBe(true);
    expect(left).toHaveBeenCalled();
    expect(options.answered).not.toHaveBeenCalled();
  });

  test('tells each progress once', async () => {
    const prepare = createPrepare(buildSchema(), { introspection: true, compileAfter: 2 });
    const tool = prepareTools(prepare).get('sync_avatar')!;
    const batch = { id: 'b', total: 2, synced: 0, failed: 0 };
    async function* states() {
      for (const done of [0, 0, 1, 1, 0, 2]) yield { data: { avatarSyncBatchProgress: { ...batch, done } } };
    }
    const run = ({ operation }: PreparedOperation) =>
      operation.operation === 'subscription' ? states() : { data: { syncAgentAvatars: { batch } } };
    const tell = vi.fn(async () => {});
    const own = { requestId: 'r', budget: createBudget(), signal: new AbortController().signal, tell };
    const options = { operations: { prepare, run } as Untyped, format: (result: Untyped) => result, answered: vi.fn() };
    const result = await callTool(tool, { agentId: 'a' }, { ...own, viewer: {} as Untyped }, options);
    expect(tell.mock.calls.map(([one]: Untyped) => one.progress)).toEqual([0, 1, 2]);
    expect(result.structuredContent).toMatchObject({ avatarSyncBatchProgress: { done: 2 } });
  });

  test('is ended when its client has left', async () => {
    const left = vi.fn();
    const state = { data: { avatarSyncBatchProgress: { id: 'b', done: 0, total: 1, synced: 0, failed: 0 } } };
    const states = {
      next: vi
        .fn()
        .mockResolvedValueOnce({ done: false, value: state })
        .mockReturnValue(new Promise(() => {})),
      return: left,
      [Symbol.asyncIterator]: () => states,
    };
    const run = ({ operation }: PreparedOperation) =>
      operation.operation === 'subscription' ? states : { data: { syncAgentAvatars: { batch: { id: 'b' } } } };
    const handler = createMcpHandler({
      operations: { prepare: createPrepare(buildSchema(), { introspection: true, compileAfter: 2 }), run } as Untyped,
      format: (result) => result,
      answered: () => {},
      signIn: () => ({ tenantId: 't', kind: 'USER', id: 'u' }) as Untyped,
      events: createMemoryBus(),
      bodies: createBodyBudget(1_000_000),
      isListed: () => false,
      publicUrl: () => 'http://localhost:4000',
      onlyThisMachine: true,
      stopping: () => false,
      log: pino({ level: 'silent' }),
    });
    const local = await listenLocally(handler, join(tmpdir(), `rollcall-mcp-${process.pid}.sock`));
    const leaving = new AbortController();
    const response = await post({ app: local } as Untyped, {}, waitingCall(1, 'a'), leaving.signal);
    const reader = response.body!.getReader();
    await reader.read();
    expect(left).not.toHaveBeenCalled();
    leaving.abort();
    await reader.cancel().catch(() => {});
    await expect.poll(() => left.mock.calls.length).toBe(1);
    await local.close();
  });
});
