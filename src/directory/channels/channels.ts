import { z } from 'zod';
import { countRows } from '../../database/counted.ts';
import type { TenantTransaction } from '../../database/database.ts';
import type { Channel, IntegrationConfig } from '../../database/generated/client.ts';
import { asUuid, newId } from '../../database/ids.ts';
import { countedFirst, manyBy, maxInner, oneByUuid } from '../../database/loaders.ts';
import { columns, type Fields, nothing } from '../../database/sql/columns.ts';
import { anyKey, name, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, boolean, nullable, text as sqlText, uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import { addressColumns, fitsProvider } from '../../providers/address.ts';
import { text, trimmed } from '../../values/text.ts';
import { mergeUnknownSenders } from '../unknown-senders/merge.ts';

/** Selects the channels of the participant under that alias, in the order in which they are tried. */
export const channelsOf = (participant: string, fields: Fields) =>
  sql`select ${columns('Channel', 'c', fields)} from channel c
   where c.tenant_id = ${name(participant)}.tenant_id and c.participant_id = ${name(participant)}.id order by c.priority, c.id`;

const whole = columns('Channel', 'c');

/** Loads channels by their ids. */
export const channelById = oneByUuid(
  statement(whole)`select ${whole} from channel c where c.tenant_id = ${tenant} and c.id = ${anyKey(uuid)}`,
  'id',
);

/**
 * Counts the channels of these participants and the bytes of their addresses, as often as each is given. Counting stops
 * above the most that may be listed.
 */
export const countChannels = countRows(
  sql`x.participant_id`,
  sql`channel x where x.tenant_id = ${tenant}`,
  maxInner,
  sql`octet_length(x.address)`,
);

// An address has 4,000 characters at the most, so they are 2 MB.
const maxShortChannels = 500;

/** The channels of participants, in the order in which they are tried. */
export const channelsByParticipant = countedFirst(
  (max) =>
    manyBy(
      statement(
        whole,
      )`select ${whole} from channel c where c.tenant_id = ${tenant} and c.participant_id = ${anyKey(uuid)}
      order by c.participant_id, c.priority, c.id limit ${max + 1}`,
      'participantId',
    ),
  'channels: ask for fewer participants',
  countChannels,
  maxShortChannels,
);

/** How many channels a participant can have. */
export const maxChannels = 100;
const smallest = -(2 ** 31);
const largest = 2 ** 31 - 1;

/** What a channel has besides its integration config. */
export const channelDetails = {
  address: text(1, 4_000),
  priority: z.int().min(smallest).max(largest),
  label: trimmed(1, 150).nullish(),
  disabled: z.boolean(),
};

/** One channel that a participant is to have. */
export const newChannel = z.object({
  integrationConfigId: z.string(),
  address: channelDetails.address,
  priority: channelDetails.priority.nullish(),
  label: channelDetails.label,
  disabled: channelDetails.disabled.nullish(),
});

/** The channels that a participant gets. */
export const channelList = z
  .array(newChannel, 'must be a list')
  .max(maxChannels, `must be at most ${maxChannels} channels`)
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

// A shared lock: callers that add channels do not exclude each other. Recording messages of unknown senders does: see
// src/directory/unknown-senders/merge.ts.
const config = columns('IntegrationConfig', 'i', ['id', 'provider', 'defaultRegion']);
const providers = statement(config)`select ${config} from integration_config i
  where i.tenant_id = ${tenant} and i.id = any(${parameter('ids', array(uuid))}) order by i.id for share`;

/** The outcome of a replacement of channels. */
export type ChannelChanges = {
  /** Whether the participant has lost a channel. */
  gone: boolean;
  /** The providers of the channels that are new. */
  added: string[];
  /** Whether a channel that stays has another priority, or was enabled or disabled. */
  reordered: boolean;
};

const lockAll = statement(whole)`select ${whole} from channel c
  where c.tenant_id = ${tenant} and c.participant_id = ${parameter('participantId', uuid)} order by c.id for no key update`;

/**
 * Locks a participant's channels in the order in which messages are recorded in them. Every writer of several channels
 * uses this order.
 */
export const lockChannels = (tx: TenantTransaction, participantId: string): Promise<Channel[]> =>
  tx.query(lockAll, { participantId });

/** Where in the arguments a channel of a list stands. */
const inList = (index: number) => ['input', 'channels', index];

/**
 * The rows of new channels, as their configs' providers read the addresses. Lets nobody change these configs until the
 * transaction ends. Throws INTEGRATION_CONFIG_NOT_FOUND, naming each channel by where it stands.
 */
export async function channelRows(
  tx: TenantTransaction,
  participantId: string,
  wanted: ChannelList,
  pathOf: (index: number) => readonly (string | number)[] = inList,
) {
  const { tenantId } = tx;
  const configIds = [...new Set(wanted.map(({ integrationConfigId }) => asUuid(integrationConfigId)))];
  const known = configIds.filter((id) => id !== null);
  const configs = new Map<string, Pick<IntegrationConfig, 'provider' | 'defaultRegion'>>();
  for (const config of known.length > 0 ? await tx.query(providers, { ids: known }) : [])
    configs.set(config.id, config);
  const configOf = (id: string) => configs.get(asUuid(id) ?? '');
  const errors = wanted.flatMap(({ integrationConfigId }, index) => {
    if (configOf(integrationConfigId)) return [];
    return [{ path: [...pathOf(index), 'integrationConfigId'], message: 'is no integration config of the tenant' }];
  });
  const unknown = wanted.find(({ integrationConfigId }) => !configOf(integrationConfigId));
  if (unknown) {
    const { integrationConfigId, address } = unknown;
    const detail = `Channel ${address.slice(0, 100)} names an unknown integration config: ${integrationConfigId}.`;
    throw new Problem('INTEGRATION_CONFIG_NOT_FOUND', detail, { errors });
  }
  return wanted.map(({ integrationConfigId, address, priority, label, disabled }) => {
    const { provider, defaultRegion } = configOf(integrationConfigId) as Pick<
      IntegrationConfig,
      'provider' | 'defaultRegion'
    >;
    return {
      tenantId,
      id: newId(),
      participantId,
      integrationConfigId: asUuid(integrationConfigId) as string,
      provider,
      ...addressOf(provider, address, defaultRegion),
      priority: priority ?? 0,
      label: label ?? null,
      disabled: disabled ?? false,
    };
  });
}

/** The columns of an address, as its provider reads it. */
export const addressOf = (provider: string, address: string, defaultRegion: string | null) => ({
  address,
  ...addressColumns(provider, address, defaultRegion),
  addressValid: fitsProvider(provider, address, defaultRegion),
});

/**
 * Gives a participant exactly these channels, in its transaction. A channel that it has already, by integration config
 * and address, keeps its id. Throws INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function replaceChannels(
  tx: TenantTransaction,
  participantId: string,
  wanted: ChannelList,
): Promise<ChannelChanges> {
  const { tenantId } = tx;
  const rows = await channelRows(tx, participantId, wanted);
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
    await mergeUnknownSenders(tx, participantId);
  }
  return { gone: gone.length > 0, added: added.map(({ provider }) => provider), reordered };
}

const addOne = statement(nothing)`
  insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, identity_key, address_key, address_valid)
  select i.tenant_id, ${parameter('id', uuid)}, ${parameter('participantId', uuid)}, i.id, i.provider,
    ${parameter('address', sqlText)}, ${parameter('identityKey', nullable(sqlText))}, ${parameter('addressKey', nullable(sqlText))},
    ${parameter('addressValid', boolean)}
  from integration_config i where i.tenant_id = ${tenant} and i.id = ${parameter('integrationConfigId', uuid)} on conflict do nothing`;

/** An address that messages came from, and what of its config is needed to read it. */
export type SenderAddress = Pick<Channel, 'integrationConfigId' | 'provider' | 'address'> &
  Pick<IntegrationConfig, 'defaultRegion'>;

/**
 * Adds a channel to a locked participant unless it has one of that address, and deletes the unknown sender of the
 * address. The transaction must hold the config's shared lock. Throws VALIDATION_FAILED when the participant has 100
 * channels already.
 */
export async function addChannel(
  tx: TenantTransaction,
  participantId: string,
  { integrationConfigId, provider, defaultRegion, address }: SenderAddress,
): Promise<ChannelChanges> {
  if ((await lockChannels(tx, participantId)).length >= maxChannels) {
    const message = `has ${maxChannels} channels already`;
    throw new Problem('VALIDATION_FAILED', `The participant ${message}.`, {
      errors: [{ path: ['input', 'participantId'], message }],
    });
  }
  const { identityKey, addressKey } = addressColumns(provider, address, defaultRegion);
  const addressValid = fitsProvider(provider, address, defaultRegion);
  const id = newId();
  await tx.query(addOne, { id, participantId, integrationConfigId, address, identityKey, addressKey, addressValid });
  await mergeUnknownSenders(tx, participantId);
  return { gone: false, added: [provider], reordered: false };
}
