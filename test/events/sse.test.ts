import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey } from '../factories.ts';
import { openStream, type Stream } from '../streams.ts';
import { createSubject, revoke, subscription, until } from './trigger.ts';

let service: TestApp;
let url: string;
let failure: Error | null = null;
const failing = (connection: Connection): Connection => ({
  ...connection,
  query: (...statement) => (failure ? Promise.reject(failure) : connection.query(...statement)),
});
beforeAll(async () => {
  service = await startApp({ PORT: '0' }, failing);
  ({ url } = await service.app.listen());
});
afterAll(() => service.close());

const open = (headers: Record<string, string>, ids: string[] | null = null, at = url): Promise<Stream> =>
  openStream(fetch, `${at}/graphql`, headers, subscription, { ids });
const bearer = async (tenant: TestTenant, expiresIn?: string | number) => ({
  authorization: `Bearer ${await tenant.token(undefined, expiresIn === undefined ? {} : { expiresIn })}`,
});
const codeOf = (result: { errors?: { extensions: { code: string } }[] } | null) => result?.errors?.[0]?.extensions.code;

describe('participantAvatarSynced over server-sent events', () => {
  test('tells each event once, in order', async () => {
    const tenant = await service.createTenant();
    const [ada, bo] = [await createSubject(tenant), await createSubject(tenant)];
    const stream = await open(await bearer(tenant));
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    for (const { sync } of [ada, bo, ada]) await sync();
    for (const { id } of [ada, bo, ada]) {
      expect(await stream.next()).toEqual({
        data: {
          participantAvatarSynced: {
            participant: { id },
            outcome: 'FAILED',
            error: { code: 'CHANNEL_NOT_ON_PARTICIPANT' },
          },
        },
      });
    }
    await stream.leave();
  });

  test('tells of the participants that were asked for, in any spelling of their ids', async () => {
    const tenant = await service.createTenant();
    const [ada, bo] = [await createSubject(tenant), await createSubject(tenant)];
    const stream = await open(await bearer(tenant), [bo.id.toUpperCase(), 'nonsense']);
    await ada.sync();
    await bo.sync();
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(bo.id);
    await stream.leave();
  });

  test('tells of the survivor by the id of who was merged away', async () => {
    const tenant = await service.createTenant();
    const [ada, bo] = [await createSubject(tenant), await createSubject(tenant)];
    await tenant.graphql(
      'mutation ($into: ID!, $from: ID!) { mergeParticipants(input: { intoId: $into, fromIds: [$from] }) { merge { id } } }',
      { into: ada.id, from: bo.id },
    );
    const stream = await open(await bearer(tenant), [bo.id]);
    await ada.sync();
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);
    await stream.leave();
  });

  test('tells nothing of a participant that is gone', async () => {
    const tenant = await service.createTenant();
    const [ada, bo] = [await createSubject(tenant), await createSubject(tenant)];
    const stream = await open(await bearer(tenant));
    await ada.sync();
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);
    await tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
      id: ada.id,
    });
    await ada.sync();
    await bo.sync();
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(bo.id);
    await stream.leave();
  });

  test('is refused without a credential, and without the scope', async () => {
    const tenant = await service.createTenant();
    const nobody = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: subscription }),
    });
    expect(nobody.status).toBe(401);
    await nobody.body?.cancel();
    const stream = await open({ authorization: `Bearer ${await tenant.token(['users:read'])}` });
    expect(codeOf(await stream.next())).toBe('FORBIDDEN');
    await stream.leave();
  });

  test('is not for clients that take JSON only', async () => {
    const headers = { ...(await bearer(service.tenant)), accept: 'application/json' };
    expect((await service.tenant.graphql(subscription, {}, headers)).status).toBe(406);
  });
});

describe('a stream ends', () => {
  test('when its token expires, and says so', async () => {
    const tenant = await service.createTenant();
    const stream = await open(await bearer(tenant, Math.floor(Date.now() / 1_000) + 2));
    expect(codeOf(await stream.next())).toBe('UNAUTHENTICATED');
    expect(await stream.next()).toBeNull();
  });

  test('when its key is revoked, and others go on', async () => {
    const tenant = await service.createTenant();
    const ada = await createSubject(tenant);
    const [first, second] = [await createAccessKey(tenant, ['ADMIN']), await createAccessKey(tenant, ['ADMIN'])];
    const [ended, other] = [await open(first.headers), await open(second.headers)];
    await revoke(tenant, first.id);
    expect(codeOf(await ended.next())).toBe('UNAUTHENTICATED');
    expect(await ended.next()).toBeNull();
    await ada.sync();
    expect((await other.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);
    await other.leave();
  });

  test('when its key was revoked elsewhere and nobody said so, within half a minute', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const tenant = await service.createTenant();
      const ada = await createSubject(tenant);
      const [first, second] = [await createAccessKey(tenant, ['ADMIN']), await createAccessKey(tenant, ['ADMIN'])];
      const [ended, other] = [await open(first.headers), await open(second.headers)];
      const where = { tenantId_id: { tenantId: tenant.id, id: first.id } };
      await service.app.database.prisma.credentialKey.update({ where, data: { revokedAt: new Date() } });
      const looks = () => service.statements.filter((text) => text.includes('unnest($1::uuid[], $2::uuid[])')).length;
      const before = looks();
      vi.advanceTimersByTime(30_000);
      expect(codeOf(await ended.next())).toBe('UNAUTHENTICATED');
      expect(await ended.next()).toBeNull();
      await ada.sync();
      expect((await other.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);
      expect(looks()).toBe(before + 1);
      await other.leave();
    } finally {
      vi.useRealTimers();
    }
  });

  test('when the server stops, and is told to come again', async () => {
    const stopping = await startApp({ PORT: '0' });
    const { url: at } = await stopping.app.listen();
    const stream = await open(await bearer(stopping.tenant), null, at);
    const closing = stopping.close();
    const last = await stream.next();
    expect(codeOf(last)).toBe('UNAVAILABLE');
    expect(last?.errors?.[0]?.extensions.retryAfter).toBe(1);
    expect(await stream.next()).toBeNull();
    await closing;
  });

  test('when what it is about cannot be read, and says so', async () => {
    const tenant = await service.createTenant();
    const ada = await createSubject(tenant);
    const stream = await open(await bearer(tenant));
    await ada.sync();
    await stream.next();
    const announced = vi.spyOn(service.app.log, 'warn').mockImplementation(() => {});
    // The mutation itself has its answer before the stream reads anew.
    const heard = stream.next();
    const original = EventEmitter.prototype.emit;
    const emit = vi.spyOn(EventEmitter.prototype, 'emit').mockImplementation(function (
      this: EventEmitter,
      name,
      ...rest
    ) {
      if (name === `avatarSynced:${tenant.id}`) failure = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      return original.call(this, name, ...rest);
    });
    await ada.sync();
    expect(codeOf(await heard)).toBe('UNAVAILABLE');
    failure = null;
    emit.mockRestore();
    announced.mockRestore();
    expect(await stream.next()).toBeNull();
  });

  test('when its client leaves, and nothing of it stays', async () => {
    const tenant = await service.createTenant();
    const on = vi.spyOn(EventEmitter.prototype, 'on');
    const stream = await open(await bearer(tenant));
    const topic = `avatarSynced:${tenant.id}`;
    const call = on.mock.calls.findIndex(([name]) => name === topic);
    const emitter = on.mock.instances[call] as unknown as EventEmitter;
    on.mockRestore();
    expect(emitter.listenerCount(topic)).toBe(1);
    await stream.leave();
    await until(() => emitter.listenerCount(topic) === 0);
  });
});
