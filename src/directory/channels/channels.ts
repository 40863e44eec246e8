import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { Channel, IntegrationConfig } from '../../database/generated/client.ts';
import { asUuid, newId } from '../../database/ids.ts';
import { bounded, manyBy, mostInner } from '../../database/loaders.ts';
import { columns, type Fields, tenantStatement } from '../../database/statement.ts';
import { Problem } from '../../errors/catalogue.ts';
import { addressColumns, fitsProvider } from '../../providers/address.ts';
import { text, trimmed } from '../../values/text.ts';
import { absorbUnknownSenders } from '../unknown-senders/absorb.ts';

/** Selects the channels of the participant that stands in a statement under that alias, in the order in which they are to be tried. */
export const channelsOf = (participant: string, fields: Fields): string =>
  `select ${columns('Channel', 'c', fields)} from channel c
   where c.tenant_id = ${participant}.tenant_id and c.participant_id = ${participant}.id order by c.priority, c.id`;

const channelsCounted = tenantStatement<{ count: number }>(
  `select count(*)::int as count from (
     select from channel x where x.tenant_id = $1 and x.participant_id = any($2::uuid[]) limit ${mostInner + 1}) x`,
);

/** How many channels these participants have in all; of very many, that they are more than may be listed. */
export async function countChannels(db: TenantDatabase, participantIds: readonly string[]): Promise<number> {
  const [row] = await db.query(channelsCounted, participantIds);
  return row?.count ?? 0;
}

/** The channels of participants, in the order in which they are to be tried. */
export const channelsByParticipant = bounded(
  manyBy(
    tenantStatement<Channel>(
      `select ${columns('Channel', 'c')} from channel c
     where c.tenant_id = $1 and c.participant_id = any($2::uuid[]) order by c.participant_id, c.priority, c.id limit ${mostInner + 1}`,
    ),
    'participantId',
  ),
  'channels: ask for fewer participants',
  mostInner,
);

const mostChannels = 100;
const smallest = -(2 ** 31);
const largest = 2 ** 31 - 1;

/** The channels a participant is to have. */
export const channelList = z
  .array(
    z.object({
      integrationConfigId: z.string(),
      address: text(1, 4_000),
      priority: z.int().min(smallest).max(largest).nullish(),
      label: trimmed(1, 150).nullish(),
      disabled: z.boolean().nullish(),
    }),
    'must be a list',
  )
  .max(mostChannels, `must be at most ${mostChannels} channels`)
  .superRefine((channels, context) => {
    const seen = new Set<string>();
    channels.forEach(({ integrationConfigId, address }, index) => {
      const key = `${integrationConfigId.toLowerCase()} ${address}`;
      if (seen.has(key))
        context.addIssue({ code: 'custom', path: [index, 'address'], message: 'must not be given twice' });
      seen.add(key);
    });
  });

export type ChannelList = z.output<typeof channelList>;

// Shared with all who add channels, but not with who counts messages of unknown senders: see src/directory/unknown-senders/absorb.ts.
const providers = tenantStatement<Pick<IntegrationConfig, 'id' | 'provider' | 'defaultRegion'>>(
  'select i.id, i.provider, i.default_region as "defaultRegion" from integration_config i where i.tenant_id = $1 and i.id = any($2::uuid[]) order by i.id for share',
);

/** What a replacement of channels came to. */
export type ChannelChanges = {
  /** Whether the participant has lost a channel. */
  gone: boolean;
  /** The providers of the channels that are new. */
  added: string[];
  /** Whether a channel that stays has another priority, or was switched on or off. */
  reordered: boolean;
};

const lockAll = tenantStatement<Channel>(
  `select ${columns('Channel', 'c')} from channel c where c.tenant_id = $1 and c.participant_id = $2::uuid order by c.id for no key update`,
);

/** Locks a participant's channels, in the order in which messages are counted into them: whoever changes several takes them so. */
export const lockChannels = (tx: TenantTransaction, participantId: string): Promise<Channel[]> =>
  tx.query(lockAll, participantId);

/**
 * Gives a participant exactly these channels, in the participant's transaction. A channel that it had
 * already, by integration config and address, keeps its id. Throws INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function replaceChannels(
  tx: TenantTransaction,
  participantId: string,
  wanted: ChannelList,
): Promise<ChannelChanges> {
  const { tenantId } = tx;
  const configIds = [...new Set(wanted.map(({ integrationConfigId }) => asUuid(integrationConfigId)))];
  const known = configIds.filter((id) => id !== null);
  const configs = new Map<string, Pick<IntegrationConfig, 'provider' | 'defaultRegion'>>();
  for (const config of known.length > 0 ? await tx.query(providers, known) : []) configs.set(config.id, config);
  if (configs.size < configIds.length)
    throw new Problem('INTEGRATION_CONFIG_NOT_FOUND', 'A channel names an unknown integration config.');

  const rows = wanted.map(({ integrationConfigId, address, priority, label, disabled }) => {
    const configId = asUuid(integrationConfigId) as string;
    const { provider, defaultRegion } = configs.get(configId) as Pick<IntegrationConfig, 'provider' | 'defaultRegion'>;
    return {
      tenantId,
      id: newId(),
      participantId,
      integrationConfigId: configId,
      provider,
      address,
      ...addressColumns(provider, address, defaultRegion),
      addressValid: fitsProvider(provider, address, defaultRegion),
      priority: priority ?? 0,
      label: label ?? null,
      disabled: disabled ?? false,
    };
  });
  const keyOf = (channel: { integrationConfigId: string; address: string }) =>
    `${channel.integrationConfigId} ${channel.address}`;
  const before = new Map<string, Channel>();
  for (const channel of await lockChannels(tx, participantId)) before.set(keyOf(channel), channel);
  const after = new Set(rows.map(keyOf));

  const gone = [...before.values()].filter((channel) => !after.has(keyOf(channel))).map(({ id }) => id);
  if (gone.length > 0) await tx.channel.deleteMany({ where: { tenantId, id: { in: gone } } });
  let reordered = false;
  for (const { priority, label, disabled, ...row } of rows) {
    const kept = before.get(keyOf(row));
    if (kept) reordered ||= kept.priority !== priority || kept.disabled !== disabled;
    if (!kept || (kept.priority === priority && kept.label === label && kept.disabled === disabled)) continue;
    await tx.channel.update({ where: { tenantId_id: { tenantId, id: kept.id } }, data: { priority, label, disabled } });
  }
  const added = rows.filter((row) => !before.has(keyOf(row)));
  if (added.length > 0) {
    await tx.channel.createMany({ data: added });
    await absorbUnknownSenders(tx, participantId);
  }
  return { gone: gone.length > 0, added: added.map(({ provider }) => provider), reordered };
}

const addOne = tenantStatement<never>(
  `insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, identity_key, address_key, address_valid)
   select i.tenant_id, $2::uuid, $3::uuid, i.id, i.provider, $5, $6, $7, $8 from integration_config i
   where i.tenant_id = $1 and i.id = $4::uuid on conflict do nothing`,
);

/** An address that messages came from, and what of its config says how to read it. */
export type SenderAddress = Pick<Channel, 'integrationConfigId' | 'provider' | 'address'> &
  Pick<IntegrationConfig, 'defaultRegion'>;

/**
 * Gives a locked participant one more channel, unless it has one of that address; who had been unknown under the address is so no more.
 * The transaction must share the config's lock. Throws VALIDATION_FAILED when it has 100 already.
 */
export async function addChannel(
  tx: TenantTransaction,
  participantId: string,
  { integrationConfigId, provider, defaultRegion, address }: SenderAddress,
): Promise<ChannelChanges> {
  if ((await lockChannels(tx, participantId)).length >= mostChannels) {
    const message = `has ${mostChannels} channels already`;
    throw new Problem('VALIDATION_FAILED', `The participant ${message}.`, {
      errors: [{ path: ['input', 'participantId'], message }],
    });
  }
  const { identityKey, addressKey } = addressColumns(provider, address, defaultRegion);
  const fits = fitsProvider(provider, address, defaultRegion);
  await tx.query(addOne, newId(), participantId, integrationConfigId, address, identityKey, addressKey, fits);
  await absorbUnknownSenders(tx, participantId);
  return { gone: false, added: [provider], reordered: false };
}
