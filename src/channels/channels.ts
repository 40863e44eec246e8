import { z } from 'zod';
import type { TenantTransaction } from '../database/database.ts';
import type { Channel, IntegrationConfig } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { bounded, manyBy, mostInner } from '../database/loaders.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { Problem } from '../errors/catalogue.ts';
import { text, trimmed } from '../values/text.ts';
import { fitsProvider, identityKey } from './address.ts';

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
  .max(100, 'must be at most 100 channels')
  .superRefine((channels, context) => {
    const seen = new Set<string>();
    channels.forEach(({ integrationConfigId, address }, index) => {
      const key = `${integrationConfigId.toLowerCase()} ${address}`;
      if (seen.has(key)) context.addIssue({ code: 'custom', path: [index, 'address'], message: 'must not be given twice' });
      seen.add(key);
    });
  });

export type ChannelList = z.output<typeof channelList>;

const providers = tenantStatement<Pick<IntegrationConfig, 'id' | 'provider'>>(
  'select i.id, i.provider from integration_config i where i.tenant_id = $1 and i.id = any($2::uuid[])',
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
  const providerOf = new Map<string, string>();
  for (const { id, provider } of known.length > 0 ? await tx.query(providers, known) : []) providerOf.set(id, provider);
  if (providerOf.size < configIds.length)
    throw new Problem('INTEGRATION_CONFIG_NOT_FOUND', 'A channel names an unknown integration config.');

  const rows = wanted.map(({ integrationConfigId, address, priority, label, disabled }) => {
    const configId = asUuid(integrationConfigId) as string;
    const provider = providerOf.get(configId) as string;
    return {
      tenantId,
      id: newId(),
      participantId,
      integrationConfigId: configId,
      provider,
      address,
      identityKey: identityKey(provider, address),
      addressValid: fitsProvider(provider, address),
      priority: priority ?? 0,
      label: label ?? null,
      disabled: disabled ?? false,
    };
  });
  const keyOf = (channel: { integrationConfigId: string; address: string }) =>
    `${channel.integrationConfigId} ${channel.address}`;
  const before = new Map<string, Channel>();
  for (const channel of await tx.channel.findMany({ where: { tenantId, participantId } })) before.set(keyOf(channel), channel);
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
  if (added.length > 0) await tx.channel.createMany({ data: added });
  return { gone: gone.length > 0, added: added.map(({ provider }) => provider), reordered };
}
