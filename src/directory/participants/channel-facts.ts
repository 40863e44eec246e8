import type { Channel } from '../../database/generated/client.ts';
import { bounded, manyBy, maxInner } from '../../database/loaders.ts';
import { columns, rows, type Selected } from '../../database/sql/columns.ts';
import { anyKey, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { boolean, nullable, text, textOf, uuid } from '../../database/sql/types.ts';

/** The state of the webhook keys of a channel. NONE where there has never been one. */
export type WebhookKeyStatus = 'NONE' | 'ACTIVE' | 'REVOKED';

/** A channel, and the stored facts that its health depends on. */
export type ChannelFacts = Channel & {
  /** Whether its integration config has a token. */
  connected: boolean;
  /** By the config's own keys, and those of the participant's bindings in that config. */
  keyStatus: WebhookKeyStatus;
  /** The prefix of the working key, else of the key that was revoked last. Null where there has never been one. */
  keyPrefix: string | null;
};

const last = sql`order by k.revoked_at desc nulls first, k.id desc limit 1`;
const channel = columns('Channel', 'c');
const facts = rows({ connected: boolean, keyPrefix: nullable(text), keyStatus: textOf<WebhookKeyStatus>() }, channel);

/** Selects channels, `c`, with what their health depends on; conditions follow. */
export const selectChannelFacts: Selected<ChannelFacts> = {
  ...facts,
  ...sql`select ${channel}, i.connected_at is not null as connected, k.prefix as "keyPrefix",
       case when k.prefix is null then 'NONE' when k.revoked_at is null then 'ACTIVE' else 'REVOKED' end as "keyStatus"
     from channel c
     join integration_config i on i.tenant_id = c.tenant_id and i.id = c.integration_config_id
     left join lateral (
       select k.id, k.prefix, k.revoked_at from webhook_key k
       where k.tenant_id = c.tenant_id and k.integration_config_id = c.integration_config_id and k.binding_id is null ${last}
     ) of_config on true
     left join lateral (
       select k.id, k.prefix, k.revoked_at from binding b join webhook_key k on k.tenant_id = b.tenant_id and k.binding_id = b.id
       where b.tenant_id = c.tenant_id and b.participant_id = c.participant_id and k.integration_config_id = c.integration_config_id ${last}
     ) of_binding on true
     left join lateral (
       select k.prefix, k.revoked_at
       from (values (of_config.id, of_config.prefix, of_config.revoked_at), (of_binding.id, of_binding.prefix, of_binding.revoked_at))
         k (id, prefix, revoked_at)
       where k.id is not null ${last}
     ) k on true`,
};

/** What the health of participants' channels depends on, in the order in which they are tried, in one statement. */
export const channelFactsByParticipant = bounded(
  manyBy(
    statement(
      facts,
    )`${selectChannelFacts} where c.tenant_id = ${tenant} and c.participant_id = ${anyKey(uuid)} order by c.participant_id, c.priority, c.id limit ${maxInner + 1}`,
    'participantId',
  ),
  'channels: ask for fewer participants',
  maxInner,
);
