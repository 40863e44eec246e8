import { describe, expect, test } from 'vitest';
import type { TestApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import type { FakeSlack } from '../fakes/slack.ts';
import type { createCaller, RestRequest } from './caller.ts';
import { createRequest, createRestWorld, nobody, pathOf, type RestWorld } from './world.ts';

type Here = { service: TestApp; caller: ReturnType<typeof createCaller>; world: RestWorld; slack: FakeSlack };

const participants = '/v1/tenants/{tenant}/participants';
const participant = `${participants}/{participant}`;
const sync = `${participant}/avatar:syncFromChannel`;
const config = '/v1/tenants/{tenant}/integrations/{provider}/configs/{config}';
const requests = '/v1/tenants/{tenant}/participantAccessRequests';

/** What single operations of the directory face name. */
export function casesOfDirectory(here: () => Here): void {
  const call = (method: string, path: string, request: RestRequest = {}, of = here().world) =>
    here().caller.call(method, pathOf(path, of), { ...request, headers: { authorization: of.authorization } });
  const codeOf = async (...args: Parameters<typeof call>) => {
    const { status, body } = await call(...args);
    expect(body.status).toBe(status);
    return `${status} ${body.code}`;
  };

  describe('what single operations of the directory name', () => {
    test.each([
      ['GET', ''],
      ['POST', ''],
      ['PATCH', `/${nobody}`],
      ['POST', `/${nobody}:fire`],
      ['PUT', `/${nobody}/bindings/{binding}`],
    ])('there are no triggers here (%s %s)', async (method, path) =>
      expect(await codeOf(method, `/v1/tenants/{tenant}/triggers${path}`)).toBe('501 NOT_IMPLEMENTED'),
    );

    test('an avatar that cannot be had tells why', async () => {
      const { world, slack } = here();
      const input = (address: string, integrationConfigId = world.config) => ({
        body: { integrationConfigId, address },
      });
      expect((await call('POST', sync, input('U0NOBODY'))).body.code).toBe('CHANNEL_NOT_ON_PARTICIPANT');
      const sms = await createConfig(world.tenant, 'sms');
      const unconnected = await createConfig(world.tenant, 'slack');
      const channels = [
        { integrationConfigId: sms, address: '+14155550100' },
        { integrationConfigId: unconnected, address: 'U0ADA' },
        { integrationConfigId: world.config, address: 'U0GROUP' },
      ];
      const own = { ...world, participant: await createParticipant(world.tenant, { channels }) };
      const syncing = (...of: Parameters<typeof input>) => codeOf('POST', sync, input(...of), own);
      expect(await syncing('+14155550100', sms)).toBe('400 AVATAR_SOURCE_NOT_REGISTERED');
      expect(await syncing('U0ADA', unconnected)).toBe('400 INTEGRATION_NOT_CONNECTED');
      slack.users.set('U0GROUP', {});
      expect(await syncing('U0GROUP')).toBe('400 AVATAR_NOT_AVAILABLE');
      slack.users.set('U0GROUP', { image: new TextEncoder().encode('no image') });
      expect(await syncing('U0GROUP')).toBe('422 AVATAR_INVALID');
      slack.apiTrouble = 'server-error';
      expect(await syncing('U0GROUP')).toBe('502 PROVIDER_UNAVAILABLE');
      slack.apiTrouble = 'rate-limited';
      const limited = await call('POST', sync, input('U0GROUP'), own);
      slack.apiTrouble = null;
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    });

    test('a stored file is another participant’s avatar, and the empty text none', async () => {
      const own = await createRestWorld(here().service);
      const body = { integrationConfigId: own.config, address: 'U0ADA' };
      const { avatarFileId } = (await call('POST', sync, { body }, own)).body;
      expect(avatarFileId).toEqual(expect.any(String));
      const made = await call('POST', participants, { body: { displayName: 'B', avatarFileId } }, own);
      expect(made.body).toMatchObject({ avatarFileId, avatarSource: 'UPLOADED' });
      const other = { ...own, participant: made.body.id as string };
      const cleared = await call('PATCH', participant, { body: { avatarFileId: '' } }, other);
      expect(cleared.body).toMatchObject({ avatarFileId: null, avatarSource: null });
      const given = await call('PATCH', participant, { body: { avatarFileId } }, other);
      expect(given.body.avatarFileId).toBe(avatarFileId);
      const unknown = { body: { displayName: 'C', avatarFileId: nobody } };
      expect(await codeOf('PATCH', participant, unknown, other)).toBe('404 FILE_NOT_FOUND');
      expect(await codeOf('POST', participants, unknown, own)).toBe('404 FILE_NOT_FOUND');
      expect((await call('GET', participant, {}, other)).body).toMatchObject({ displayName: 'B', avatarFileId });
      const nowhere = { body: { displayName: 'C', channels: [{ integrationConfigId: nobody, address: 'x' }] } };
      expect(await codeOf('POST', participants, nowhere, own)).toBe('404 INTEGRATION_CONFIG_NOT_FOUND');
      expect(await codeOf('PATCH', participant, nowhere, own)).toBe('404 INTEGRATION_CONFIG_NOT_FOUND');
      expect(await codeOf('PATCH', participant, { body: { agentIds: ['nobody'] } }, own)).toBe('404 AGENT_NOT_FOUND');
      expect(await codeOf('PUT', `${participant}/bindings/nobody`, {}, own)).toBe('404 AGENT_NOT_FOUND');
    });

    test('webhooks: made once, rotated when there is one, and not of a provider of bindings', async () => {
      const own = await createRestWorld(here().service);
      expect(await codeOf('POST', `${config}/webhook:rotate`, {}, own)).toBe('400 KEY_NOT_FOUND');
      const made = await call('POST', `${config}:generateWebhookUrl`, {}, own);
      expect(made.body.webhookUrl).toContain(`/hooks/slack/${made.body.webhookKeyPrefix}`);
      expect(await codeOf('POST', `${config}:generateWebhookUrl`, {}, own)).toBe('400 CONFLICT');
      const rotated = await call('POST', `${config}/webhook:rotate`, {}, own);
      expect(rotated.body.webhookKeyPrefix).not.toBe(made.body.webhookKeyPrefix);
      const sms = await createConfig(own.tenant, 'sms');
      const ofSms = config.replace('{provider}', 'sms').replace('{config}', sms);
      expect(await codeOf('POST', `${ofSms}:generateWebhookUrl`, {}, own)).toBe('400 VALIDATION_FAILED');
      expect(await codeOf('POST', `${ofSms}/webhook:rotate`, {}, own)).toBe('400 VALIDATION_FAILED');
      expect((await call('GET', config.replace('slack', 'sms'), {}, { ...own, config: sms })).status).toBe(404);
    });

    test('a config is changed in parts, and deleted when nothing goes with it or by force', async () => {
      const own = await createRestWorld(here().service);
      const body = { displayName: 'Ours', parameters: { defaultRegion: 'us', other: 1 }, sandboxMode: 'VENDOR' };
      const changed = await call('PATCH', config, { body }, own);
      expect(changed.body).toMatchObject({ displayName: 'Ours', parameters: { defaultRegion: 'US' }, hasAuth: true });
      const nulls = { displayName: null, parameters: null, auth: null };
      expect((await call('PATCH', config, { body: nulls }, own)).body).toEqual(changed.body);
      const cleared = await call('PATCH', config, { body: { parameters: { defaultRegion: '' } } }, own);
      expect(cleared.body.parameters).toEqual({ defaultRegion: null });
      const bad = { displayName: '', parameters: { defaultRegion: 'XX' } };
      const refused = await call('PATCH', config, { body: bad }, own);
      expect(refused.body.errors.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
        'displayName',
        'parameters.defaultRegion',
      ]);
      expect(await codeOf('DELETE', config, {}, own)).toBe('409 CONFLICT');
      expect(await codeOf('DELETE', config, { query: 'force=false' }, own)).toBe('409 CONFLICT');
      expect((await call('DELETE', config, { query: 'force=true' }, own)).status).toBe(204);
      expect((await call('GET', participant, {}, own)).body.channels).toEqual([]);
      expect(await codeOf('DELETE', config, { query: 'force=true' }, own)).toBe('404 INTEGRATION_CONFIG_NOT_FOUND');
      const empty = { ...own, config: await createConfig(own.tenant, 'slack') };
      expect((await call('DELETE', config, {}, empty)).status).toBe(204);
    });

    test('an agent’s roster has its contacts', async () => {
      const { world } = here();
      const { body } = await call('GET', `${participants}/consultRoster`, { query: `agentId=${world.agent}` });
      expect(body.items.map((row: { participantId: string }) => row.participantId)).toContain(world.participant);
      expect(body.totalCount).toBe(body.items.length);
      expect((await call('GET', `${participants}/consultRoster`)).status).toBe(400);
      expect((await call('GET', `${participants}/consultRoster`, { query: 'agentId=nobody' })).body.totalCount).toBe(0);
    });
  });

  describe('access requests', () => {
    const list = async (query: string, own: RestWorld) => {
      const { status, body } = await call('GET', requests, { query }, own);
      expect(status).toBe(200);
      return body.map(({ id }: { id: string }) => id);
    };
    const decide = (verb: string, body: object, own: RestWorld, id = own.request) =>
      call('POST', `${requests}/${id}:${verb}`, { body }, own);

    test('one is approved as a new participant, once', async () => {
      const own = await createRestWorld(here().service);
      const before = (await call('GET', `${requests}/${own.request}`, {}, own)).body;
      expect(before).toEqual({
        id: own.request,
        integrationConfigId: own.config,
        provider: 'slack',
        address: expect.stringMatching(/^U0STRANGER/),
        agentId: own.agent,
        matchedParticipantId: null,
        displayName: 'A stranger',
        conversationName: null,
        status: 'PENDING',
        processedBy: null,
        processedAt: null,
        processingNote: null,
        approvedParticipantId: null,
        createdAt: 1_750_000_000_000,
        modifiedAt: 1_750_000_000_000,
      });
      const approved = await decide('approve', { mode: 'CREATE_NEW', displayName: ' ', note: 'a friend' }, own);
      expect(approved.body).toMatchObject({ status: 'APPROVED', processingNote: 'a friend' });
      expect(approved.body.processedAt).toBe(approved.body.modifiedAt);
      const made = { ...own, participant: approved.body.approvedParticipantId as string };
      expect((await call('GET', participant, {}, made)).body).toMatchObject({
        kind: 'PERSON',
        displayName: 'A stranger',
        agentIds: [own.agent],
        channels: [{ integrationConfigId: own.config, address: before.address }],
      });
      for (const verb of ['approve', 'reject']) {
        const again = await decide(verb, verb === 'approve' ? { mode: 'CREATE_NEW' } : {}, own);
        expect([again.status, again.body.status, again.body.code]).toEqual([400, 400, 'CONFLICT']);
      }
    });

    test('one is another channel of a participant, or only bound', async () => {
      const own = await createRestWorld(here().service);
      const added = await decide('approve', { mode: 'ADD_TO_EXISTING', participantId: own.participant }, own);
      expect(added.body).toMatchObject({ status: 'APPROVED', approvedParticipantId: own.participant });
      expect((await call('GET', participant, {}, own)).body.channels).toHaveLength(2);
      const elsewhere = await createConfig(own.tenant, 'slack');
      const of = { tenantId: own.tenant.id, integrationConfigId: elsewhere, agentId: own.agent };
      const matched = await createRequest(here().service, { ...of, address: 'U0ADA' });
      expect(await list(`ParticipantId=${own.participant}`, own)).toEqual([matched, own.request]);
      const bound = await decide('approve', { mode: 'BIND_ONLY', displayName: 'x', participantId: null }, own, matched);
      expect(bound.body).toMatchObject({
        matchedParticipantId: own.participant,
        approvedParticipantId: own.participant,
      });
      expect((await call('GET', participant, {}, own)).body.channels).toHaveLength(2);
    });

    test('a mode that lacks what it needs is a 400, and nothing is decided', async () => {
      const own = await createRestWorld(here().service);
      for (const body of [
        {},
        { mode: null },
        { mode: 'UNSPECIFIED' },
        { mode: 'BIND_ONLY' },
        { mode: 'ADD_TO_EXISTING' },
        { mode: 'ADD_TO_EXISTING', participantId: 'x' },
        { mode: 'CREATE_NEW', displayName: 'x'.repeat(151) },
        { mode: 'CREATE_NEW', note: 'x'.repeat(4_001) },
      ]) {
        const { status, body: told } = await decide('approve', body, own);
        expect([status, told.code], JSON.stringify(body)).toEqual([400, 'VALIDATION_FAILED']);
      }
      const unknown = await decide('approve', { mode: 'ADD_TO_EXISTING', participantId: nobody }, own);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'PARTICIPANT_NOT_FOUND']);
      expect(await list('Status=PENDING', own)).toEqual([own.request]);
      expect((await call('POST', `${requests}/${own.request}:block`, { body: {} }, own)).status).toBe(404);
    });

    test('they are listed by agent, status and participant, in any case of the parameters', async () => {
      const own = await createRestWorld(here().service);
      const of = { tenantId: own.tenant.id, integrationConfigId: own.config, agentId: null };
      const blocked = await createRequest(here().service, of);
      const { prisma } = here().service.app.database;
      await prisma.unknownSender.updateMany({
        where: { tenantId: own.tenant.id, id: blocked },
        data: { status: 'BLOCKED' },
      });
      const rejected = await createRequest(here().service, of);
      expect((await decide('reject', { note: null }, own, rejected)).body.status).toBe('REJECTED');
      for (const query of ['', 'Status=UNSPECIFIED', 'Status=UNSPECIFIED&AgentId='])
        expect(await list(query, own)).toEqual([rejected, blocked, own.request]);
      for (const query of ['Status=PENDING', 'status=PENDING', `agentId=${own.agent}`, `AGENTID=${own.agent}`])
        expect(await list(query, own)).toEqual([own.request]);
      expect(await list('Status=REJECTED', own)).toEqual([rejected, blocked]);
      for (const query of ['Status=APPROVED', 'AgentId=nobody', `ParticipantId=${nobody}`])
        expect(await list(query, own)).toEqual([]);
      for (const query of ['Status=ASKED', 'ParticipantId=x', 'Status=PENDING&status=PENDING'])
        expect((await call('GET', requests, { query }, own)).status).toBe(400);
    });
  });
}
