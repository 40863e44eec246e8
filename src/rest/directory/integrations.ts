import { z } from 'zod';
import type { TenantDatabase } from '../../database/database.ts';
import { deleteIntegrationConfig, updateIntegrationConfig } from '../../integrations/config-life.ts';
import { configById, configNotFound, createIntegrationConfig, listConfigs } from '../../integrations/configs.ts';
import { generateWebhookUrl, rotateWebhookKey } from '../../integrations/webhooks/keys.ts';
import { flag, namedBy } from '../input.ts';
import { notImplemented, type Operation, operation } from '../operation.ts';
import { ConfigChanges, NewConfig } from './bodies.ts';
import { Config, configOf, Webhook } from './shapes.ts';

const tag = 'Integrations';
const many = '/v1/tenants/{tenant}/integrations/{provider}/configs';
const one = `${many}/{config}` as const;

/** The provider's config of that id; one of another provider is as good as none. */
async function configOfProvider(db: TenantDatabase, provider: string, id: string) {
  const [config] = await configById.load(db, [id]);
  if (config?.provider !== provider.toLowerCase()) throw configNotFound(id);
  return config;
}

const ruleNames = namedBy({
  name: ['displayName'],
  provider: ['provider'],
  defaultRegion: ['parameters', 'defaultRegion'],
});

const webhooks = [
  [
    'generateWebhookUrl',
    `${one}:generateWebhookUrl`,
    generateWebhookUrl,
    'Make the URL of a webhook',
    'A config that has a working key is a 400. With a provider whose bindings have a webhook each it is a 400.',
    'CONFLICT',
  ],
  [
    'rotateWebhookKey',
    `${one}/webhook:rotate`,
    rotateWebhookKey,
    'Rotate the key of a webhook',
    'The old URL ends at once. A config that never had a key is a 400. With a provider whose bindings have a webhook each it is a 400.',
    'KEY_NOT_FOUND',
  ],
] as const;

/** The table of the directory face, as far as it is about integration configs. */
export const integrations: readonly Operation[] = [
  operation({
    id: 'listIntegrationConfigs',
    method: 'GET',
    path: many,
    tag,
    summary: 'List the configs of a provider',
    description: 'In the order of their names. Unpaged.',
    scope: 'participants:read',
    answers: { 200: ['The configs.', z.array(Config)] },
    errors: [],
    async run({ db, path: { provider } }) {
      const all = await listConfigs(db);
      return { status: 200, body: all.filter((config) => config.provider === provider.toLowerCase()).map(configOf) };
    },
  }),
  operation({
    id: 'createIntegrationConfig',
    method: 'POST',
    path: many,
    tag,
    summary: 'Create a config of a provider',
    description: 'It is not connected yet. There are no drafts here: it is in use at once.',
    scope: 'integrations:write',
    body: NewConfig,
    answers: { 201: ['The new config.', Config] },
    creates: 'createIntegrationConfig',
    // Where a key comes again after the config was deleted.
    errors: ['INTEGRATION_CONFIG_NOT_FOUND'],
    async run({ db, once, path: { provider }, body: { displayName: name, parameters } }) {
      const input = { provider, name, defaultRegion: parameters?.defaultRegion || null };
      const create = (within: TenantDatabase, [made]: readonly string[]) =>
        createIntegrationConfig(within, input, made).catch(ruleNames);
      const id = await once(input, { create, again: async ([made]) => made });
      return { status: 201, body: configOf(await configOfProvider(db, provider, id)) };
    },
  }),
  operation({
    id: 'getIntegrationConfig',
    method: 'GET',
    path: one,
    tag,
    summary: 'Read a config',
    scope: 'participants:read',
    answers: { 200: ['The config.', Config] },
    errors: ['INTEGRATION_CONFIG_NOT_FOUND'],
    async run({ db, path: { provider, config } }) {
      return { status: 200, body: configOf(await configOfProvider(db, provider, config)) };
    },
  }),
  operation({
    id: 'updateIntegrationConfig',
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a config',
    description: 'It is in use as changed at once. With another region the addresses of its channels are read anew.',
    scope: 'integrations:write',
    body: ConfigChanges,
    answers: { 200: ['The config as it is now.', Config] },
    errors: ['INTEGRATION_CONFIG_NOT_FOUND'],
    async run({ db, path: { provider, config }, body: { displayName, parameters } }) {
      const { id } = await configOfProvider(db, provider, config);
      const region = parameters?.defaultRegion;
      const changes = {
        integrationConfigId: id,
        name: displayName ?? undefined,
        ...(region != null && { defaultRegion: region || null }),
      };
      await updateIntegrationConfig(db, changes).catch(ruleNames);
      return { status: 200, body: configOf(await configOfProvider(db, provider, id)) };
    },
  }),
  operation({
    id: 'deleteIntegrationConfig',
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a config',
    description:
      'With its token, channels, webhooks and unknown senders. Participants stay. While a channel, a working webhook or an unknown sender goes with it, it is a 409 that says how many, unless `force` is true. A second time is a 404.',
    scope: 'integrations:write',
    query: z.object({ force: flag('Whether to delete it though something goes with it.').optional() }),
    answers: { 204: ['It is gone.', null] },
    errors: ['INTEGRATION_CONFIG_NOT_FOUND', 'CONFLICT'],
    async run({ db, services, path: { provider, config }, query: { force } }) {
      const { id } = await configOfProvider(db, provider, config);
      await deleteIntegrationConfig(db, { integrationConfigId: id, force }, services.participantHooks);
      return { status: 204 };
    },
  }),
  ...webhooks.map(([id, path, rule, summary, description, error]) =>
    operation({
      id,
      method: 'POST',
      path,
      tag,
      summary,
      description,
      scope: 'integrations:write',
      answers: { 200: ['The webhook.', Webhook] },
      errors: ['INTEGRATION_CONFIG_NOT_FOUND', 'VALIDATION_FAILED', error],
      statuses: { [error]: 400 },
      async run({ db, services, path: { provider, config } }) {
        const { id: integrationConfigId } = await configOfProvider(db, provider, config);
        const making = { providers: services.webhookProviders, cipher: services.tokenCipher };
        const { activation } = await rule(db, { integrationConfigId }, making);
        const webhookUrl = `${services.publicUrl()}/hooks/${activation.provider}/${activation.key}`;
        return { status: 200, body: { webhookUrl, webhookKeyPrefix: activation.webhookKeyPrefix } };
      },
    }),
  ),
  ...(
    [
      ['publishIntegrationConfig', 'POST', `${one}:publish`, 'Publish a config', 'There are no drafts of configs.'],
      [
        'rollBackIntegrationConfig',
        'POST',
        `${one}:rollback`,
        'Roll a config back',
        'There are no revisions of configs.',
      ],
      ['listConfigRevisions', 'GET', `${one}/revisions`, 'List revisions', 'There are no revisions of configs.'],
      [
        'getConfigRevision',
        'GET',
        `${one}/revisions/{revision}`,
        'Read a revision',
        'There are no revisions of configs.',
      ],
      [
        'applyWebhook',
        'POST',
        `${one}:applyWebhookToProvider`,
        'Register a webhook',
        'Webhooks are registered at the provider by hand.',
      ],
      [
        'inspectWebhook',
        'POST',
        `${one}:inspectWebhook`,
        'Inspect a webhook',
        'Providers are not asked about their webhooks.',
      ],
      [
        'refreshIdentity',
        'POST',
        `${one}:refreshIdentity`,
        'Refresh the identity',
        'Providers are not asked who they are.',
      ],
    ] as const
  ).map(([id, method, path, summary, reason]) =>
    notImplemented(
      { id, method, path, tag, summary, scope: method === 'GET' ? 'participants:read' : 'integrations:write' },
      reason,
    ),
  ),
];
