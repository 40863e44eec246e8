import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromGeneric } from '../fakes/deliveries.ts';
import { useApp } from '../use-app.ts';
import { bindingOf, countsOf, generate, unknownSenders } from '../webhooks/webhooks.ts';
import { whoIs } from './asking.ts';

const service = useApp();

const create = (tenant: TestTenant, input: object) =>
  tenant.graphql(
    'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { id email phoneNumber metadata } } }',
    { input: { firstName: 'Ada', lastName: 'Lovelace', ...input } },
  );
const created = async (tenant: TestTenant, input: object): Promise<Untyped> =>
  dataOf(await create(tenant, input)).createExternalUser.user;
const config = async (tenant: TestTenant, input: object) =>
  dataOf(
    await tenant.graphql(
      'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id defaultRegion } } }',
      { input: { name: 'Numbers', ...input } },
    ),
  ).createIntegrationConfig.integrationConfig;

describe('an external user', () => {
  test.each([
    ['+52 1 55 1234 5678', '+525512345678', ['+525512345678', '5255 1234 5678'].slice(0, 1)],
    ['+5491123456789', '+5491123456789', ['+541123456789', '+54 11 15 2345 6789']],
    ['+541123456780', '+541123456780', ['+5491123456780']],
    ['+553188888888', '+5531988888888', ['+5531988888888', '+55 31 8888 8888']],
    ['+22507123456', '+2250707123456', ['+2250707123456']],
  ])('of %s is stored as %s, and found by each spelling', async (given, stored, others) => {
    const tenant = await service.createTenant();
    const { id, phoneNumber } = await created(tenant, { phoneNumber: given });
    expect(phoneNumber).toBe(stored);
    const conversation = dataOf(
      await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
    ).createConversation.conversation.id;
    for (const other of [given, stored, ...others]) {
      expect(problemOf(await create(tenant, { phoneNumber: other })).code).toBe('USER_ALREADY_EXISTS');
      const search = await tenant.graphql(
        'query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) { user { id } } }',
        { by: { phoneNumber: other } },
      );
      expect(dataOf(search).searchExternalUser.user.id).toBe(id);
      expect(await whoIs(tenant, { phoneNumber: other })).toEqual([[], [id]]);
      expect(await whoIs(tenant, { channel: { provider: 'whatsapp', address: other.replaceAll(/\D/g, '') } })).toEqual([
        [],
        [id],
      ]);
      const ensured = await tenant.graphql(
        'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { participant { participantId } } }',
        {
          input: {
            conversationId: conversation,
            participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: other } },
          },
        },
      );
      expect(dataOf(ensured).ensureConversationParticipant.participant.participantId).toBe(id);
    }
  });

  test('that is made for an identifier is found by the other spelling', async () => {
    const tenant = await service.createTenant();
    const conversation = dataOf(
      await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
    ).createConversation.conversation.id;
    const ids = new Set<string>();
    for (const identifierValue of ['+5491123456789', '+541123456789', '+5491123456789']) {
      const ensured = await tenant.graphql(
        'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { participant { participantId } } }',
        {
          input: {
            conversationId: conversation,
            participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue } },
          },
        },
      );
      ids.add(dataOf(ensured).ensureConversationParticipant.participant.participantId);
    }
    expect(ids.size).toBe(1);
  });

  test('has one e-mail address however its domain is spelled, and with its dots', async () => {
    const tenant = await service.createTenant();
    const { id, email } = await created(tenant, { email: 'ada@bücher.example' });
    expect(email).toBe('ada@xn--bcher-kva.example');
    expect(await whoIs(tenant, { email: 'ADA@BÜCHER.example' })).toEqual([[], [id]]);
    expect(problemOf(await create(tenant, { email: 'ada@xn--bcher-kva.example' })).code).toBe('USER_ALREADY_EXISTS');
    const dotted = await created(tenant, { email: 'a.da@gmail.com' });
    const plain = await created(tenant, { email: 'ada@gmail.com' });
    expect(dotted.id).not.toBe(plain.id);
    expect(await whoIs(tenant, { email: 'ada@gmail.com' })).toEqual([[], [plain.id]]);
  });

  test.each(['80351110224678912345', '1e400', '-9007199254740993', '0.1234567890123456789'])(
    'has no metadata %s, wherever it stands',
    async (number) => {
      const { tenant } = service;
      const headers = { authorization: `Bearer ${await tenant.token()}`, 'content-type': 'application/json' };
      const send = async (query: string, variables: string) => {
        const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
        const response = await service.app.fetch(
          new Request('http://localhost/graphql', { method: 'POST', headers, body }),
        );
        return (await response.json()) as Untyped;
      };
      const fields = 'firstName: "A", lastName: "B", fkId: "never"';
      const inline = await send(
        `mutation { createExternalUser(input: { ${fields}, metadata: { a: [${number}] } }) { user { id } } }`,
        '{}',
      );
      expect(inline.errors[0].extensions.status).toBe(400);
      const variable = await send(
        `mutation ($m: JSONObject) { createExternalUser(input: { ${fields}, metadata: $m }) { user { id } } }`,
        `{"m":{"a":[{"b":${number}}]}}`,
      );
      expect(variable.errors[0].extensions).toMatchObject({
        code: 'VALIDATION_FAILED',
        errors: [{ path: ['input', 'metadata'], message: expect.stringContaining('exactly') }],
      });
      expect(await whoIs(tenant, { fkId: 'never' })).toEqual([[], []]);
      expect((await created(tenant, { fkId: newId(), metadata: { n: number } })).metadata).toEqual({ n: number });
    },
  );
});

describe('a channel', () => {
  const people: [provider: string, stored: string, asked: string[], strangers: string[]][] = [
    [
      'whatsapp',
      '14155550101',
      ['14155550101:3@s.whatsapp.net', 'whatsapp:+14155550101'],
      ['14155550101@lid', '14155550101@g.us'],
    ],
    ['whatsapp', '154417159582282@lid', ['154417159582282:31@lid', ' 154417159582282@LID'], ['154417159582282']],
    [
      'whatsapp',
      'US.13491208655302741918',
      ['US.13491208655302741918'],
      ['13491208655302741918', 'MX.13491208655302741918'],
    ],
    [
      'whatsapp',
      '+52 55 1234 5678',
      ['5215512345678.0:2@s.whatsapp.net', '٥٢٥٥١٢٣٤٥٦٧٨@c.us', '525512345678:1@hosted', '\u200e+5215512345678'],
      ['5215512345678@hosted.lid', '5215512345678@newsletter', '5215512345678@broadcast', '525512345679'],
    ],
    ['whatsapp', 'status@broadcast', ['STATUS@broadcast'], ['status@g.us']],
    ['whatsapp', 'DE.13491208655302741918', ['de.13491208655302741918'], ['DE.ENT.13491208655302741918']],
    ['voice', '+541123456789', ['+54 9 11 2345-6789', 'tel:+54-11-15-2345-6789'], ['+541123456788', 'Anonymous']],
    ['sms', 'ACME-24', ['acme-24 ', 'Acme-24'], ['ACME 24', '24']],
    ['sms', '+551133334444', ['00551133334444', '＋55 11 3333-4444'], ['+5511933334444']],
    ['sms', '68849', ['68849 ', '６８８４９'], ['+68849']],
    [
      'teams',
      '0198F000-0000-7000-8000-00000000ABCD',
      ['0198f000-0000-7000-8000-00000000abcd'],
      ['0198f000-0000-7000-8000-00000000abce'],
    ],
    ['telegram', '@Ada_L', ['@ada_l', ' @ADA_L '], ['@ada_ll', 'ada_l']],
    ['email', 'Ada <ada@example.com>', [' ADA@example.com', 'mailto:ada@example.com'], ['a.da@example.com']],
    [
      'email',
      'ada@example.com (Ada)',
      [
        '"Ada <home>" <ada@example.com>',
        'ada＠example.com',
        '\u200bada@example.com',
        'mailto:ada@example.com?subject=x',
      ],
      ['ada+x@example.com', 'ada@example.com, bob@example.com', '"ada@example.com" <eve@example.com>'],
    ],
    ['email', 'ada@bücher.example', ['ada@xn--bcher-kva.example'], ['ada@bucher.example']],
  ];
  test.each(people)('of %s: %s is found, and hears, by each spelling', async (provider, stored, asked, strangers) => {
    const tenant = await service.createTenant();
    const integrationConfigId = await createConfig(tenant, provider);
    const agentId = await createAgent(tenant);
    const id = await createParticipant(tenant, {
      agentIds: [agentId],
      channels: [{ integrationConfigId, address: stored }],
    });
    for (const address of [stored, ...asked])
      expect([address, await whoIs(tenant, { channel: { provider, address } })]).toEqual([address, [[id], []]]);
    for (const address of strangers)
      expect([address, await whoIs(tenant, { channel: { provider, address } })]).toEqual([address, [[], []]]);
    if (provider === 'teams' || provider === 'telegram') return;

    const { url, secret } = await generate(tenant, { integrationConfigId, bindingId: await bindingOf(tenant, id) });
    for (const from of [stored, ...asked, ...strangers]) {
      const { status } = await service.app.fetch(fromGeneric(url, secret, { from, name: '\u2800\u200b' }));
      expect(status).toBe(200);
    }
    expect(await countsOf(tenant, id)).toEqual([1 + asked.length]);
    const unknown = await unknownSenders(tenant, { integrationConfigId });
    expect(unknown.map(({ address, displayName }) => [address, displayName]).sort()).toEqual(
      strangers.map((address) => [address, null]).sort(),
    );
  });

  test('takes what was counted of its address in another spelling', async () => {
    const tenant = await service.createTenant();
    const integrationConfigId = await createConfig(tenant, 'whatsapp');
    const id = await createParticipant(tenant, { agentIds: [await createAgent(tenant)] });
    const { url, secret } = await generate(tenant, { integrationConfigId, bindingId: await bindingOf(tenant, id) });
    for (const from of ['5215512345678@s.whatsapp.net', '525512345678', '154417159582282:1@lid', '154417159582282@lid'])
      await service.app.fetch(fromGeneric(url, secret, { from }));
    expect((await unknownSenders(tenant)).map(({ messageCount }) => messageCount)).toEqual([2, 2]);
    const input = {
      participantId: id,
      channels: ['+52 1 55 1234 5678', '154417159582282:9@lid'].map((address) => ({ integrationConfigId, address })),
    };
    dataOf(
      await tenant.graphql(
        'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }',
        { input },
      ),
    );
    expect(await countsOf(tenant, id)).toEqual([2, 2]);
    expect(await unknownSenders(tenant)).toEqual([]);
  });

  test('may have a number of its config’s country', async () => {
    const tenant = await service.createTenant();
    const { id: us, defaultRegion } = await config(tenant, { provider: 'sms', defaultRegion: ' us' });
    expect(defaultRegion).toBe('US');
    const { id: none } = await config(tenant, { provider: 'sms' });
    const health = 'channels { health { reachable } }';
    const make = async (integrationConfigId: string) =>
      dataOf(
        await tenant.graphql(
          `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id ${health} } } }`,
          {
            input: {
              kind: 'PERSON',
              displayName: 'Ada',
              channels: [{ integrationConfigId, address: '(415) 555-0101' }],
            },
          },
        ),
      ).createParticipant.participant;
    const [here, nowhere] = [await make(us), await make(none)];
    expect(here.channels[0].health.reachable).toBe(true);
    expect(nowhere.channels[0].health.reachable).toBe(false);
    const { id: user } = await created(tenant, { phoneNumber: '+14155550101' });
    expect(await whoIs(tenant, { phoneNumber: '+14155550101' })).toEqual([[here.id], [user]]);
    expect(await whoIs(tenant, { channel: { provider: 'sms', address: '4155550101' } })).toEqual([[here.id], [user]]);
    for (const region of ['USA', 'XX', '', '1'])
      expect(
        problemOf(
          await tenant.graphql(
            'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }',
            { input: { provider: 'sms', name: 'Numbers', defaultRegion: region } },
          ),
        ).code,
      ).toBe('VALIDATION_FAILED');
  });

  test.each(['ada+14155550101@example.com', 'sip:+14155550101', 'call +14155550101 now'])(
    'of a telephone is not found by %s',
    async (address) => {
      const { tenant } = service;
      const integrationConfigId = await createConfig(tenant, 'sms');
      await createParticipant(tenant, { channels: [{ integrationConfigId, address: '+14155550101' }] });
      for (const provider of ['sms', 'voice', 'whatsapp'])
        expect(await whoIs(tenant, { channel: { provider, address } })).toEqual([[], []]);
      expect(
        problemOf(
          await tenant.graphql('query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }', {
            by: { phoneNumber: address },
          }),
        ).code,
      ).toBe('VALIDATION_FAILED');
    },
  );
});
