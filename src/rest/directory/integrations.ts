import { z } from 'zod';
import type { TenantDatabase } from '../../database/database.ts';
import { configById, configNotFound, createIntegrationConfig, listConfigs } from '../../integrations/configs.ts';
import { generateWebhookUrl, rotateWebhookKey } from '../../integrations/webhooks/keys.ts';
import { notImplemented, type Operation, operation } from '../operation.ts';
import { NewConfig } from './bodies.ts';
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

const webhooks = [
  [
    'generateWebhookUrl',
    `${one}:generateWebhookUrl`,
    generateWebhookUrl,
    'Make the URL of a webhook',
    'A config that has a working key is a 409. With a provider whose bindings have a webhook each it is a 400.',
    'CONFLICT',
  ],
  [
    'rotateWebhookKey',
    `${one}/webhook:rotate`,
    rotateWebhookKey,
    'Rotate the key of a webhook',
    'The old URL ends at once. A config that never had a key is a 404. With a provider whose bindings have a webhook each it is a 400.',
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
    errors: [],
    async run({ db, path: { provider }, body: { displayName: name } }) {
      const id = await createIntegrationConfig(db, { provider, name });
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
      ['updateIntegrationConfig', 'PATCH', one, 'Change a config', 'Configs cannot be changed yet.'],
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
