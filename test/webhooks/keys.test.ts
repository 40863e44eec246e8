import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromGeneric } from '../fakes/deliveries.ts';
import { rowsOf } from '../tenants/world.ts';
import { ask, bindingOf, generate, rotate, webhookOf } from './webhooks.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp({ PUBLIC_URL: 'https://rollcall.example/base/' });
});
afterAll(() => service.close());

/** A participant bound to an agent, with a channel at a new config of each provider. */
async function contact(...providers: string[]) {
  const agent = await createAgent(service.tenant);
  const configs = await Promise.all(providers.map((provider) => createConfig(service.tenant, provider)));
  const participant = await createParticipant(service.tenant, {
    agentIds: [agent],
    channels: configs.map((integrationConfigId, index) => ({ integrationConfigId, address: `address-${index}` })),
  });
  return { agent, configs, participant, binding: await bindingOf(service.tenant, participant) };
}

const refusal = async (input: object, name: 'generateWebhookUrl' | 'rotateWebhookKey' = 'generateWebhookUrl') => {
  const answer = await ask(service.tenant, name, input);
  return [problemOf(answer).code, answer.errors?.[0]?.extensions.errors?.[0]?.path.at(-1)];
};
const nobody = '0198f000-0000-7000-8000-000000000000';
const deliver = (url: string, secret: string) =>
  service.app
    .fetch(fromGeneric(url.replace('/base', ''), secret, { from: '+14155550100' }))
    .then(({ status }) => status);
const activations = `channelActivations { agentId bindingId integrationConfigId provider address webhookUrl webhookUrlTemplate
  webhookKeyPrefix webhookKeyId scope createdAt }`;

describe('a webhook', () => {
  test('of a binding shows its URL and its signing secret once, and its template and prefix always', async () => {
    const { agent, configs, participant, binding } = await contact('sms', 'slack');
    const { url, secret, activation } = await generate(service.tenant, { bindingId: binding });
    expect(url).toMatch(/^https:\/\/rollcall\.example\/base\/hooks\/sms\/rcw_[0-9a-f]{12}_[\w-]{43}$/);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = {
      agentId: agent,
      bindingId: binding,
      integrationConfigId: configs[0],
      provider: 'sms',
      address: 'address-0',
      webhookUrlTemplate: 'https://rollcall.example/base/hooks/sms/{key}',
      webhookKeyPrefix: url.slice(-60).slice(0, 16),
      scope: 'PER_BINDING',
    };
    expect(activation).toMatchObject({ ...shown, webhookUrl: url });

    const read = dataOf(
      await service.tenant.graphql(
        `query ($id: ID!) { participant(id: $id) { ${activations} bindings { ${activations} } } }`,
        {
          id: participant,
        },
      ),
    ).participant;
    expect(read.channelActivations).toEqual([{ ...activation, webhookUrl: null }]);
    expect(read.bindings[0].channelActivations).toEqual(read.channelActivations);

    const stored = JSON.stringify(await rowsOf(service.app.database, service.tenant.id));
    for (const hidden of [url.slice(-43), secret, secret.replace('whsec_', '')]) expect(stored).not.toContain(hidden);
  });

  test('of a config is for every binding with a channel there', async () => {
    const { configs, participant, agent, binding } = await contact('slack');
    const other = await createAgent(service.tenant);
    dataOf(
      await service.tenant.graphql(
        `mutation ($input: BindParticipantInput!) { bindParticipant(input: $input) { created } }`,
        {
          input: { participantId: participant, agentId: other },
        },
      ),
    );
    const { url, secret, activation } = await generate(service.tenant, { integrationConfigId: configs[0] });
    expect(url).toContain('/hooks/slack/rcw_');
    expect(secret).toBeNull();
    expect(activation).toMatchObject({ agentId: null, bindingId: null, address: null, scope: 'PER_CONFIG' });
    const read = dataOf(
      await service.tenant.graphql(
        `query ($id: ID!) { participant(id: $id) { ${activations} bindings { id agentId ${activations} } } }`,
        { id: participant },
      ),
    ).participant;
    expect(read.channelActivations.map((each: { agentId: string }) => each.agentId)).toEqual([agent, other].sort());
    expect(
      read.bindings.map((each: Record<string, { bindingId: string }[]>) => each['channelActivations']?.length),
    ).toEqual([1, 1]);
    expect(read.channelActivations.map((each: { bindingId: string }) => each.bindingId)).toContain(binding);
  });

  test('of a config may name the agent that unknown senders are for', async () => {
    const { configs, agent, binding } = await contact('telegram');
    const { activation, secret } = await generate(service.tenant, { integrationConfigId: configs[0], agentId: agent });
    expect(activation).toMatchObject({ agentId: agent, bindingId: null });
    expect(secret).toMatch(/^[\w-]{43}$/);
    const rotated = await rotate(service.tenant, { integrationConfigId: configs[0] });
    expect(rotated.activation).toMatchObject({ agentId: agent });
    expect((await rotate(service.tenant, { bindingId: binding })).activation).toMatchObject({
      agentId: agent,
      bindingId: binding,
    });
  });

  test('is found by its binding alone where one config comes into question', async () => {
    const slackOnly = await contact('slack');
    expect((await generate(service.tenant, { bindingId: slackOnly.binding })).activation).toMatchObject({
      integrationConfigId: slackOnly.configs[0],
      agentId: slackOnly.agent,
    });
    const two = await contact('sms', 'email', 'slack');
    expect(await refusal({ bindingId: two.binding })).toEqual(['VALIDATION_FAILED', 'integrationConfigId']);
    const workspaces = await contact('slack', 'teams');
    expect(await refusal({ bindingId: workspaces.binding })).toEqual(['VALIDATION_FAILED', 'integrationConfigId']);
    const none = await contact();
    expect(await refusal({ bindingId: none.binding })).toEqual(['VALIDATION_FAILED', 'integrationConfigId']);
    // Named, it needs no channel yet.
    const config = await createConfig(service.tenant, 'voice');
    const { activation } = await generate(service.tenant, { bindingId: none.binding, integrationConfigId: config });
    expect(activation).toMatchObject({ address: null, bindingId: none.binding });
  });

  test('is refused for what is unknown or incomplete', async () => {
    const { configs, binding, agent } = await contact('sms');
    const slack = await createConfig(service.tenant, 'slack');
    expect(await refusal({})).toEqual(['VALIDATION_FAILED', 'integrationConfigId']);
    expect(await refusal({ integrationConfigId: configs[0] })).toEqual(['VALIDATION_FAILED', 'bindingId']);
    expect(await refusal({ integrationConfigId: nobody })).toEqual(['INTEGRATION_CONFIG_NOT_FOUND', undefined]);
    expect(await refusal({ integrationConfigId: configs[0], bindingId: nobody })).toEqual([
      'BINDING_NOT_FOUND',
      undefined,
    ]);
    expect(await refusal({ bindingId: 'no id' })).toEqual(['BINDING_NOT_FOUND', undefined]);
    expect(await refusal({ integrationConfigId: slack, agentId: 'nobody' })).toEqual(['AGENT_NOT_FOUND', undefined]);
    const other = await createAgent(service.tenant);
    expect(await refusal({ bindingId: binding, agentId: other })).toEqual(['VALIDATION_FAILED', 'agentId']);
    expect(await refusal({ bindingId: binding, agentId: agent }, 'rotateWebhookKey')).toEqual([
      'KEY_NOT_FOUND',
      undefined,
    ]);
  });
});

describe('a key', () => {
  test('is made once, however many ask at once', async () => {
    const { binding, configs } = await contact('sms', 'slack');
    for (const input of [{ bindingId: binding }, { integrationConfigId: configs[1] }]) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => ask(service.tenant, 'generateWebhookUrl', input)),
      );
      expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
      expect(new Set(answers.filter(({ errors }) => errors).map((answer) => problemOf(answer).code))).toEqual(
        new Set(['CONFLICT']),
      );
    }
  });

  test('that was rotated ends at once; of many rotations at once the last one’s works', async () => {
    const { binding } = await contact('sms');
    const first = await generate(service.tenant, { bindingId: binding });
    expect(await deliver(first.url, first.secret)).toBe(200);
    const second = await rotate(service.tenant, { bindingId: binding });
    expect(await deliver(first.url, first.secret)).toBe(404);
    expect(await deliver(second.url, second.secret)).toBe(200);
    // The sender may still sign with the replaced secret for a day (documented-signed.test.ts).
    expect(await deliver(second.url, first.secret)).toBe(200);

    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(service.tenant, 'rotateWebhookKey', { bindingId: binding })),
    );
    const statuses = await Promise.all(answers.map(webhookOf).map(({ url, secret }) => deliver(url, secret)));
    expect(statuses.sort()).toEqual([200, 404, 404, 404, 404]);
    expect(await deliver(second.url, second.secret)).toBe(404);
  });

  test('can be revoked by its id, and then rotated or generated', async () => {
    const { binding, participant } = await contact('sms');
    const { url, secret, activation } = await generate(service.tenant, { bindingId: binding });
    expect(await deliver(url, secret)).toBe(200);
    const revoke = () =>
      service.tenant.graphql(
        'mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id kind name prefix scopes agent { id } revokedAt } } }',
        { id: activation['webhookKeyId'] },
      );
    const { key } = dataOf(await revoke()).revokeKey;
    expect(key).toMatchObject({
      id: activation['webhookKeyId'],
      kind: 'WEBHOOK_KEY',
      name: null,
      prefix: activation['webhookKeyPrefix'],
      scopes: [],
      agent: { id: activation['agentId'] },
    });
    expect(dataOf(await revoke()).revokeKey.key).toEqual(key);
    expect(await deliver(url, secret)).toBe(404);
    const read = await service.tenant.graphql(`query ($id: ID!) { participant(id: $id) { ${activations} } }`, {
      id: participant,
    });
    expect(dataOf(read).participant.channelActivations).toEqual([]);

    const rotated = await rotate(service.tenant, { bindingId: binding });
    expect(await deliver(rotated.url, rotated.secret)).toBe(200);
  });

  test('ends with its binding, also where it has been remembered', async () => {
    const { binding, participant, agent } = await contact('sms');
    const { url, secret } = await generate(service.tenant, { bindingId: binding });
    expect(await deliver(url, secret)).toBe(200);
    dataOf(
      await service.tenant.graphql(
        'mutation ($input: UnbindParticipantInput!) { unbindParticipant(input: $input) { removed } }',
        {
          input: { participantId: participant, agentId: agent },
        },
      ),
    );
    expect(await deliver(url, secret)).toBe(404);
    expect(await deliver(url, secret)).toBe(404);
  });

  test('is no credential', async () => {
    const { binding } = await contact('sms');
    const { url } = await generate(service.tenant, { bindingId: binding });
    const answer = await service.tenant.graphql(
      '{ viewer { kind } }',
      {},
      { authorization: `AccessKey ${url.split('/').at(-1)}` },
    );
    expect(answer.status).toBe(401);
  });
});

test('webhooks are made with integrations:write, and seen with participants:read', async () => {
  const { binding, participant } = await contact('sms');
  const headers = async (scope: 'participants:read' | 'participants:write' | 'integrations:write') => ({
    authorization: `Bearer ${await service.tenant.token([scope])}`,
  });
  for (const name of ['generateWebhookUrl', 'rotateWebhookKey'] as const)
    expect(
      problemOf(await ask(service.tenant, name, { bindingId: binding }, await headers('participants:write'))).code,
    ).toBe('FORBIDDEN');
  expect(
    (await ask(service.tenant, 'generateWebhookUrl', { bindingId: binding }, await headers('integrations:write')))
      .errors,
  ).toBe(undefined);
  const read = await service.tenant.graphql(
    `query ($id: ID!) { participant(id: $id) { ${activations} } }`,
    { id: participant },
    await headers('participants:read'),
  );
  expect(dataOf(read).participant.channelActivations).toHaveLength(1);
});

test('activations of a list take one statement', async () => {
  const { agent, configs } = await contact('slack');
  await generate(service.tenant, { integrationConfigId: configs[0] });
  for (let index = 0; index < 5; index += 1)
    await createParticipant(service.tenant, {
      agentIds: [agent],
      channels: [{ integrationConfigId: configs[0], address: `U${index}` }],
    });
  const answer = await service.tenant.graphql(
    `query ($id: ID!) { participants(agentId: $id) { ${activations} bindings { ${activations} } } }`,
    { id: agent },
  );
  expect(
    dataOf(answer).participants.flatMap((each: { channelActivations: object[] }) => each.channelActivations),
  ).toHaveLength(6);
  expect(answer.statements).toHaveLength(3);
});
