import type { Binding, Channel, WebhookKey } from '../../database/generated/client.ts';
import { bounded, manyBy, mostInner } from '../../database/loaders.ts';
import { tenantStatement } from '../../database/statement.ts';

/** A channel that messages come in by for an agent; of a key that was just made for a whole config, that config alone. */
export type ChannelActivation = {
  agentId: string | null;
  bindingId: string | null;
  integrationConfigId: string;
  provider: string;
  address: string | null;
  webhookKeyId: string;
  webhookKeyPrefix: string;
  createdAt: Date;
  /** The whole key, in the one answer that tells it. */
  key?: string;
};

type Row = Pick<Binding, 'participantId'> &
  Pick<Channel, 'integrationConfigId' | 'provider' | 'address'> &
  Pick<WebhookKey, 'createdAt'> & {
    agentId: string;
    bindingId: string;
    webhookKeyId: string;
    webhookKeyPrefix: string;
  };

/** The activations of participants: one for each binding and channel whose webhook has a key that works. */
export const activationsByParticipant = bounded(
  manyBy(
    tenantStatement<Row>(
      `select b.participant_id as "participantId", b.id as "bindingId", b.agent_id as "agentId",
         c.integration_config_id as "integrationConfigId", c.provider, c.address,
         k.id as "webhookKeyId", k.prefix as "webhookKeyPrefix", k.created_at as "createdAt"
       from binding b
       join channel c on c.tenant_id = b.tenant_id and c.participant_id = b.participant_id
       join webhook_key k on k.tenant_id = b.tenant_id and k.integration_config_id = c.integration_config_id
         and (k.binding_id is null or k.binding_id = b.id) and k.revoked_at is null
       where b.tenant_id = $1 and b.participant_id = any($2::uuid[])
       order by b.participant_id, b.agent_id, c.priority, c.id limit ${mostInner + 1}`,
    ),
    'participantId',
  ),
  'channel activations: ask for fewer participants',
  mostInner,
);
