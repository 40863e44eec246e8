import { bounded, manyBy, maxInner, maxRows } from '../../database/loaders.ts';
import { columns, combined, rows, type Selected } from '../../database/sql/columns.ts';
import { anyKey, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text, uuid } from '../../database/sql/types.ts';

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

const activation = combined(combined(ofBinding, ofChannel), combined(ofKey, renamed));

/** Selects the activations of bindings, `b`, by channels, `c`; conditions follow. */
export const selectActivations: Selected<ChannelActivation & { participantId: string }> = {
  ...activation,
  ...sql`select ${ofBinding}, b.id as "bindingId", ${ofChannel}, k.id as "webhookKeyId", k.prefix as "webhookKeyPrefix", ${ofKey}
       from binding b
       join channel c on c.tenant_id = b.tenant_id and c.participant_id = b.participant_id
       join webhook_key k on k.tenant_id = b.tenant_id and k.integration_config_id = c.integration_config_id
         and (k.binding_id is null or k.binding_id = b.id) and k.revoked_at is null`,
};

/** The activations of participants: one for each binding and channel whose webhook has a working key. */
export const activationsByParticipant = bounded(
  manyBy(
    statement(activation)`${selectActivations} where b.tenant_id = ${tenant} and b.participant_id = ${anyKey(uuid)}
       order by b.participant_id, b.agent_id, c.priority, c.id limit ${maxInner + 1}`,
    'participantId',
  ),
  'channel activations: ask for fewer participants',
  maxInner,
);

const ofConfigKey = columns('WebhookKey', 'k', ['integrationConfigId', 'bindingId', 'createdAt']);
const webhooks = rows(
  { agentId: nullable(text), provider: text, address: nullable(text), webhookKeyId: uuid, webhookKeyPrefix: text },
  ofConfigKey,
);

/** The webhooks of integration configs whose keys work, in the order of their creation: one for each key. */
export const webhooksByConfig = bounded(
  manyBy(
    statement(webhooks)`
      select ${ofConfigKey}, coalesce(b.agent_id, k.agent_id) as "agentId", i.provider, null::text as address,
        k.id as "webhookKeyId", k.prefix as "webhookKeyPrefix"
       from webhook_key k
       join integration_config i on i.tenant_id = k.tenant_id and i.id = k.integration_config_id
       left join binding b on b.tenant_id = k.tenant_id and b.id = k.binding_id
       where k.tenant_id = ${tenant} and k.integration_config_id = ${anyKey(uuid)} and k.revoked_at is null
       order by k.integration_config_id, k.id limit ${maxRows + 1}`,
    'integrationConfigId',
  ),
  'webhooks: ask for fewer integration configs',
);
