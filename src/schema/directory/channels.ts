import type { Channel } from '../../database/generated/client.ts';
import { configById, configNotFound } from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { still } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';

const ofChannel = reading<Channel>();

/** A channel in the graph; its health is added where health is. */
export const ChannelType = builder.prismaObject('Channel', {
  interfaces: [NodeType, HistorySubjectType],
  description: 'One way to reach a participant: an address at a messaging provider. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The channel’s UUID. It stays while the participant keeps a channel of that config and address.',
    }),
    integrationConfigId: t.exposeID('integrationConfigId', {
      description: 'The UUID of the integration config that it goes through.',
    }),
    integrationConfig: t.field({
      type: IntegrationConfigType,
      description: 'The integration config that it goes through.',
      ...ofChannel(['integrationConfigId'], ({ integrationConfigId: id }, _, context) =>
        still(context.load(configById, id), () => configNotFound(id)),
      ),
    }),
    provider: t.exposeString('provider', { description: 'The integration config’s provider, in lower case.' }),
    address: t.exposeString('address', {
      description:
        'The participant’s address there, as it was given: a Slack user id, a telephone number, an e-mail address …',
    }),
    priority: t.exposeInt('priority', {
      description: 'The lower, the earlier it is tried. Equal ones are tried in the order of their creation.',
    }),
    label: t.exposeString('label', {
      nullable: true,
      description: 'What the operators call it; null without a label.',
    }),
    disabled: t.exposeBoolean('disabled', { description: 'Whether the channel is switched off.' }),
    lastMessageAt: t.expose('lastMessageAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a message from the address that came in by a webhook was last sent; null when none has.',
    }),
    modifiedAt: t.expose('modifiedAt', {
      type: 'DateTime',
      description: 'When the channel was last changed; messages that come in do not count.',
    }),
    messageCount: t.exposeInt('messageCount', {
      description: 'How many messages from the address have come in by webhooks.',
    }),
  }),
});
