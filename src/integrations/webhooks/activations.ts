import { bounded, manyBy, mostInner } from '../../database/loaders.ts';
import { columns, combined, rows } from '../../database/sql/columns.ts';
import { anyKey, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { text, uuid } from '../../database/sql/types.ts';

/** A channel that receives messages for an agent. For a new key of a whole config, that config alone. */
export type ChannelActivation = {
  agentId: string | null;
  bindingId: string | null;
  integrationConfigId: string;
  provider: string;
  address: string | null;
  webhookKeyId: string;
  webhookKeyPrefix: string;
  createdAt: Date;
  /** The whole key, in the only answer that has it. */
  key?: string;
};

const ofBinding = columns('Binding', 'b', ['participantId', 'agentId']);
const ofChannel = columns('Channel', 'c', ['integrationConfigId', 'provider', 'address']);
const ofKey = columns('WebhookKey', 'k', ['createdAt']);
const renamed = rows({ bindingId: uuid, webhookKeyId: uuid, webhookKeyPrefix: text });

/** The activations of participants: one for each binding and channel whose webhook has a working key. */
export const activationsByParticipant = bounded(
  manyBy(
    statement(combined(combined(ofBinding, ofChannel), combined(ofKey, renamed)))`
      select ${ofBinding}, b.id as "bindingId", ${ofChannel}, k.id as "webhookKeyId", k.prefix as "webhookKeyPrefix", ${ofKey}
       from binding b
       join channel c on c.tenant_id = b.tenant_id and c.participant_id = b.participant_id
       join webhook_key k on k.tenant_id = b.tenant_id and k.integration_config_id = c.integration_config_id
         and (k.binding_id is null or k.binding_id = b.id) and k.revoked_at is null
       where b.tenant_id = ${tenant} and b.participant_id = ${anyKey(uuid)}
       order by b.participant_id, b.agent_id, c.priority, c.id limit ${mostInner + 1}`,
    'participantId',
  ),
  'channel activations: ask for fewer participants',
  mostInner,
);
