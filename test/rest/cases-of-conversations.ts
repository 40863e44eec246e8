import { describe, expect, test } from 'vitest';
import type { TestApp } from '../app.ts';
import { createAgent } from '../factories.ts';
import type { createCaller, RestRequest } from './caller.ts';
import { createRestWorld, inputs, nobody, pathOf, type RestWorld } from './world.ts';

type Here = { service: TestApp; caller: ReturnType<typeof createCaller>; world: RestWorld };

const conversations = '/workspaces/{workspaceId}/conversations';
const conversation = `${conversations}/{conversationId}`;
const participants = `${conversation}/participants`;

/** What single operations of the conversations and users faces name. */
export function casesOfConversations(here: () => Here): void {
  const call = (method: string, path: string, request: RestRequest = {}, of = here().world) =>
    here().caller.call(method, pathOf(path, of), { ...request, headers: { authorization: of.authorization } });

  describe('what single operations of the conversations name', () => {
    test('a user that exists is a 400 that names the field', async () => {
      const body = { firstName: 'G', lastName: 'H', email: here().world.user.email.toUpperCase() };
      const { status, body: told } = await call('POST', '/external/users', { body });
      expect(status).toBe(400);
      expect(told).toMatchObject({ status: 400, name: 'BAD_REQUEST', message: 'USER_ALREADY_EXISTS' });
      expect(told.details).toContainEqual({ path: 'email', detail: 'is another user’s' });
      const large = { firstName: 'G', lastName: 'H', fkId: 'large', customData: { text: 'x'.repeat(17_000) } };
      const refused = await call('POST', '/external/users', { body: large });
      expect(refused.body.details[1].path).toBe('customData');
    });

    test('to add to a closed conversation, and to go back in status, is a 409', async () => {
      const own = await createRestWorld(here().service);
      const back = await call(
        'PATCH',
        `${participants}/{conversationParticipantId}`,
        { body: { status: 'pending' } },
        own,
      );
      expect([back.status, back.body.code]).toEqual([409, 'ResourceConflict']);
      const byMail = await call(
        'PATCH',
        `${participants}/{identifierKey}/{identifierValue}`,
        { body: { status: 'invited' } },
        own,
      );
      expect(byMail.status).toBe(409);
      const closed = await call('PATCH', conversation, { body: { status: 'closed' } }, own);
      expect(closed.body).toMatchObject({ status: 'closed', activeParticipantCount: 3 });
      const another = inputs['conversations.ensureParticipant']?.(own);
      expect((await call('POST', participants, another, own)).status).toBe(409);
      const open = await call('PATCH', conversation, { body: { status: 'active' } }, own);
      expect(open.body).toMatchObject({ status: 'active', name: 'Talk' });
      expect((await call('POST', participants, another, own)).status).toBe(201);
    });

    test.each([
      ['POST', participants, { type: 'user', id: nobody }, 'PARTICIPANT_NOT_FOUND'],
      ['POST', participants, { type: 'contact', id: nobody }, 'EXTERNAL_USER_NOT_FOUND'],
      ['POST', conversations, { participants: [{ type: 'contact', id: nobody }] }, 'EXTERNAL_USER_NOT_FOUND'],
      ['PATCH', `${participants}/${nobody}`, { status: 'active' }, 'CONVERSATION_PARTICIPANT_NOT_FOUND'],
      [
        'PATCH',
        `${participants}/emailaddress/nobody@example.com`,
        { status: 'active' },
        'CONVERSATION_PARTICIPANT_NOT_FOUND',
      ],
      ['DELETE', `${participants}/${nobody}`, undefined, 'CONVERSATION_PARTICIPANT_NOT_FOUND'],
    ])('%s %s with %j finds nobody', async (method, path, body, code) => {
      const { status, body: told, headers } = await call(method, path, { body });
      expect([status, told.code]).toEqual([404, 'ResourceNotFound']);
      expect(here().caller.codeOf(headers)).toBe(code);
    });

    test('a key that comes again after the participant was removed finds nobody', async () => {
      const own = await createRestWorld(here().service);
      const headers = { authorization: own.authorization, 'idempotency-key': 'removed' };
      const path = pathOf(participants, own);
      const request = { body: { type: 'flow', id: 'a flow' }, headers };
      expect((await here().caller.call('POST', path, request)).status).toBe(201);
      expect((await call('DELETE', `${participants}/a%20flow`, {}, own)).status).toBe(204);
      const again = await here().caller.call('POST', path, request);
      expect([again.status, here().caller.codeOf(again.headers)]).toEqual([404, 'CONVERSATION_PARTICIPANT_NOT_FOUND']);
    });

    test('the last active user stays: 403, with a body', async () => {
      const own = await createRestWorld(here().service);
      expect((await call('DELETE', `${participants}/${own.agent}`, {}, own)).status).toBe(204);
      const { status, body } = await call('DELETE', `${participants}/${own.participant}`, {}, own);
      expect([status, body.code]).toEqual([403, 'AccessDenied']);
    });

    test('a participant that is there already is a 200, unchanged', async () => {
      const { user } = here().world;
      const again = await call('POST', participants, { body: { type: 'contact', id: user.id, status: 'pending' } });
      expect(again.status).toBe(200);
      expect(again.body).toEqual({
        id: user.id,
        type: 'contact',
        status: 'active',
        displayName: 'Grace Hopper',
        avatarUrl: '',
        contact: { identifierKey: 'emailaddress', identifierValue: user.email },
      });
    });

    test.each([
      ['POST', { name: 'A', initialMessage: {} }],
      ['POST', { name: 'A', resource: { type: 'task', id: nobody } }],
      ['POST', { name: 'A', visibility: 'private' }],
      ['PATCH', { accessibility: 'invite-only' }],
      ['PATCH', { style: 'chatChannel' }],
    ])('what is not kept here is a 501 (%s %j)', async (method, body) => {
      const { status, body: told } = await call(method, method === 'POST' ? conversations : conversation, { body });
      expect([status, told.code]).toEqual([501, 'NotImplemented']);
    });

    test.each([
      ['GET', '/messages'],
      ['POST', '/messages'],
      ['GET', `/messages/${nobody}`],
      ['PATCH', `/messages/${nobody}`],
      ['DELETE', `/messages/${nobody}`],
      ['POST', '/presigned-upload'],
    ])('nor are messages (%s %s)', async (method, path) => {
      const { status, body } = await call(method, `${conversation}${path}`, method === 'POST' ? { body: {} } : {});
      expect([status, body.code]).toEqual([501, 'NotImplemented']);
    });

    test('an identifier that is none is a 422 under its name in the body', async () => {
      const contact = { identifierKey: 'emailaddress', identifierValue: 'nonsense' };
      const { status, body } = await call('POST', participants, { body: { type: 'contact', contact } });
      expect([status, body.code]).toEqual([422, 'InvalidPayload']);
      expect(body.details).toEqual({ '.contact.identifierValue': ['must be an e-mail address'] });
      expect((await call('GET', `${participants}/emailaddress/nonsense`)).status).toBe(422);
      const list = '/workspaces/{workspaceId}/participants/emailaddress/nonsense/conversations';
      const refused = await call('GET', list, { query: `channelId=${nobody}` });
      expect([refused.status, refused.body.details]).toEqual([
        422,
        { '.identifierValue': ['must be an e-mail address'] },
      ]);
    });

    test('a conversation is opened with those who take part, all or nothing', async () => {
      const own = await createRestWorld(here().service);
      const agent = await createAgent(own.tenant);
      const somebody = { type: 'contact', identifierKey: 'phonenumber', identifierValue: '+1 415 555 0177' };
      const body = {
        name: 'Many',
        description: 'About it',
        attributes: { plan: 'gold' },
        agentId: agent,
        style: 'directMessage',
        visibility: 'public',
        participants: [
          { type: 'user', id: own.participant },
          { type: 'contact', id: own.user.id, status: 'pending' },
          somebody,
          { type: 'flow', id: 'welcome' },
        ],
        initiatingParticipant: { type: 'contact', contact: { identifierKey: 'fkid', identifierValue: 'new' } },
      };
      const made = await call('POST', conversations, { body }, own);
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({
        name: 'Many',
        description: 'About it',
        attributes: { plan: 'gold' },
        activeParticipantCount: 5,
        pendingParticipantCount: 1,
      });
      expect(made.body.featuredParticipants.map(({ type }: { type: string }) => type)).toEqual([
        'agent',
        'user',
        'contact',
        'contact',
        'flow',
      ]);
      expect((await call('GET', `${conversations}/${made.body.id}`, {}, own)).body).toEqual(made.body);
      const count = async () => (await call('GET', conversations, { query: 'limit=100' }, own)).body.results.length;
      const before = await count();
      const wrong = { identifierKey: 'emailaddress', identifierValue: 'nonsense' };
      const bad = {
        participants: [
          { type: 'user', id: own.participant },
          { type: 'contact', ...wrong },
        ],
        initiatingParticipant: { type: 'contact', contact: wrong },
      };
      const refused = await call('POST', conversations, { body: bad }, own);
      expect([refused.status, Object.keys(refused.body.details)]).toEqual([
        422,
        ['.participants.1.identifierValue', '.initiatingParticipant.identifierValue'],
      ]);
      const unknown = await call(
        'POST',
        conversations,
        { body: { participants: [{ type: 'user', id: nobody }] } },
        own,
      );
      expect([unknown.status, Object.keys(unknown.body.details)]).toEqual([404, ['.participants.0.id']]);
      for (const one of [{ type: 'user' }, { type: 'bot', id: 'x' }, { ...somebody, id: 'x' }])
        expect((await call('POST', conversations, { body: { participants: [one] } }, own)).status).toBe(422);
      expect(await count()).toBe(before);
    });

    test('a conversation is changed in parts, and what is null stays', async () => {
      const own = await createRestWorld(here().service);
      const body = { name: 'New', description: 'About', attributes: { a: 1 }, accessibility: 'open' };
      const changed = await call('PATCH', conversation, { body }, own);
      expect(changed.body).toMatchObject({ name: 'New', description: 'About', attributes: { a: 1 } });
      const nulls = { name: null, description: null, attributes: null, status: null, agentId: null };
      expect((await call('PATCH', conversation, { body: nulls }, own)).body).toEqual(changed.body);
      const cleared = await call('PATCH', conversation, { body: { name: '', description: '' } }, own);
      expect(cleared.body).toMatchObject({ name: '', description: '', attributes: { a: 1 } });
      const bad = { name: 'x'.repeat(151), attributes: [], nonsense: 1 };
      const refused = await call('PATCH', conversation, { body: bad }, own);
      expect(Object.keys(refused.body.details).sort()).toEqual(['.attributes', '.nonsense']);
      expect((await call('PATCH', conversation, { body: { agentId: 'nobody' } }, own)).status).toBe(404);
      expect((await call('DELETE', conversation, {}, own)).status).toBe(204);
      expect((await call('DELETE', conversation, {}, own)).status).toBe(404);
    });

    test('the conversations of a user, a contact, an agent, a contact by identifier, and nobody', async () => {
      const own = await createRestWorld(here().service);
      const of = async (who: string, query = '') => {
        const path = `/workspaces/{workspaceId}/participants/${who}/conversations`;
        const { status, body } = await call('GET', path, { query: `channelId=${nobody}${query}` }, own);
        expect(status).toBe(200);
        return body.results.map(({ id }: { id: string }) => id);
      };
      const { participant, user, agent } = own;
      const mail = encodeURIComponent(user.email.toUpperCase());
      for (const who of [participant, user.id.toUpperCase(), agent, `emailaddress/${mail}`]) {
        expect(await of(who)).toEqual([own.conversation]);
        expect(await of(who, '&status=active')).toEqual([own.conversation]);
        for (const status of ['closed', 'deleted']) expect(await of(who, `&status=${status}`)).toEqual([]);
      }
      for (const who of [nobody, 'nobody', 'phonenumber/%2B14155550100', 'pigeon/7']) expect(await of(who)).toEqual([]);
      const path = '/workspaces/{workspaceId}/participants/{conversationParticipantId}/conversations';
      expect((await call('GET', path)).status).toBe(422);
      expect((await call('GET', conversations, { query: `resource=task:${nobody}` })).body.results).toEqual([]);
      expect((await call('GET', conversations, { query: `resource=${'x'.repeat(61)}` })).status).toBe(422);
    });
  });
}
