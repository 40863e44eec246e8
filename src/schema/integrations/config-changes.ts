import type { Events } from '../../events/events.ts';
import { configById } from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import { heard, occurredAt } from '../changes.ts';
import { IntegrationConfigType } from './integrations.ts';

type Changed = Events['integrationConfigChanged'];

const ChangeType = builder.enumType('IntegrationConfigChange', {
  description: 'What happened to an integration config.',
  values: {
    CREATED: { description: 'It was created.' },
    UPDATED: { description: 'It changed itself, was connected or disconnected, or its webhooks changed.' },
    DELETED: { description: 'It was deleted, with what goes with it.' },
  },
});

const EventType = builder.objectRef<Changed>('IntegrationConfigEvent').implement({
  description: 'An integration config was created, changed or deleted. Seen with `participants:read`.',
  fields: (t) => ({
    change: t.expose('change', { type: ChangeType, description: 'What happened.' }),
    integrationConfigId: t.exposeID('integrationConfigId', { description: 'The integration config’s UUID.' }),
    integrationConfig: t.field({
      type: IntegrationConfigType,
      nullable: true,
      description: 'The config as it is now; null when it has been deleted, by this change or since.',
      resolve: ({ integrationConfigId }, _, context) => context.load(configById, integrationConfigId),
    }),
    occurredAt: t.field(occurredAt),
  }),
});

builder.subscriptionField('integrationConfigChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'Each change of the tenant’s integration configs, from now on, for a list of them. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    subscribe: (_, _args, context) => heard(context, 'integrationConfigChanged'),
    resolve: (event: Changed) => event,
  }),
);
