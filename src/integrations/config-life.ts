import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, boolean, integer, nullable, text, uuid } from '../database/sql/types.ts';
import { addressOf } from '../directory/channels/channels.ts';
import { announceConfig, announceParticipants } from '../directory/participants/announce.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { readSendersAnew } from '../directory/unknown-senders/anew.ts';
import { checked } from '../values/checked.ts';
import { demandForce, type Going } from '../values/going.ts';
import { displayName } from '../values/text.ts';
import { demandUnmodified, type IfModifiedAt } from '../values/unmodified.ts';
import { configNotFound, defaultRegion } from './configs.ts';

const changes = z.object({ name: displayName.optional(), defaultRegion: defaultRegion.nullish() });

/** What updateIntegrationConfig takes: what is absent stays as it is; null clears the region. */
export type ConfigChanges = { integrationConfigId: string } & IfModifiedAt & {
    name?: string | null | undefined;
    defaultRegion?: string | null | undefined;
  };

const id = parameter('id', uuid);
const whole = columns('IntegrationConfig', 'i');
// Adding a channel locks the config's row for share, so no channel is added while the addresses are read anew.
const lock = statement(whole)`
  select ${whole} from integration_config i where i.tenant_id = ${tenant} and i.id = ${id} for no key update`;

/**
 * Changes an integration config; returns its id. With another region the addresses of its channels and unknown
 * senders are read anew.
 * Throws INTEGRATION_CONFIG_NOT_FOUND, and CONFLICT when somebody was faster.
 */
export async function updateIntegrationConfig(
  db: TenantDatabase,
  { integrationConfigId, ifModifiedAt, ...input }: ConfigChanges,
): Promise<string> {
  const given = checked(changes, input);
  const configId = asUuid(integrationConfigId);
  if (!configId) throw configNotFound(integrationConfigId);
  return db.transaction(async (tx) => {
    const [config] = await tx.query(lock, { id: configId });
    if (!config) throw configNotFound(configId);
    demandUnmodified(config, { ifModifiedAt });
    const { name = config.name } = given;
    const region = given.defaultRegion === undefined ? config.defaultRegion : given.defaultRegion;
    if (name === config.name && region === config.defaultRegion) return configId;
    const where = { tenantId_id: { tenantId: tx.tenantId, id: configId } };
    await tx.integrationConfig.update({ where, data: { name, defaultRegion: region } });
    if (region !== config.defaultRegion) {
      await readAddressesAnew(tx, configId, config.provider, region);
      await readSendersAnew(tx, config, region);
    }
    announceConfig(tx, configId);
    return configId;
  });
}

const address = columns('Channel', 'c', ['id', 'address']);
const addresses = statement(address)`
  select ${address} from channel c where c.tenant_id = ${tenant} and c.integration_config_id = ${id} order by c.id for no key update`;
const setAddresses = statement(nothing)`
  update channel c set identity_key = n.identity_key, address_key = n.address_key, address_valid = n.address_valid
  from unnest(${parameter('ids', array(uuid))}, ${parameter('identityKeys', array(nullable(text)))},
    ${parameter('addressKeys', array(nullable(text)))}, ${parameter('valid', array(boolean))})
    n (id, identity_key, address_key, address_valid)
  where c.tenant_id = ${tenant} and c.id = n.id`;

/** Reads the addresses of a config's channels by its new region: a number without a plus is another one now. */
async function readAddressesAnew(
  tx: TenantTransaction,
  configId: string,
  provider: string,
  region: string | null,
): Promise<void> {
  const channels = (await tx.query(addresses, { id: configId })).map((channel) => ({
    id: channel.id,
    ...addressOf(provider, channel.address, region),
  }));
  for (let start = 0; start < channels.length; start += 1_000) {
    const some = channels.slice(start, start + 1_000);
    await tx.query(setAddresses, {
      ids: some.map((channel) => channel.id),
      identityKeys: some.map(({ identityKey }) => identityKey),
      addressKeys: some.map(({ addressKey }) => addressKey),
      valid: some.map(({ addressValid }) => addressValid),
    });
  }
}

/** What goes with an integration config: how many of each. */
export type GoingWithConfig = { channels: number; webhookKeys: number; unknownSenders: number };

const lockForGood = statement(rows({ id: uuid }))`
  select i.id from integration_config i where i.tenant_id = ${tenant} and i.id = ${id} for update`;
const goingWith = statement(rows({ channels: integer, webhookKeys: integer, unknownSenders: integer }))`select
    (select count(*)::int from channel c where c.tenant_id = ${tenant} and c.integration_config_id = ${id}) as channels,
    (select count(*)::int from webhook_key k where k.tenant_id = ${tenant} and k.integration_config_id = ${id} and k.revoked_at is null)
      as "webhookKeys",
    (select count(*)::int from unknown_sender u where u.tenant_id = ${tenant} and u.integration_config_id = ${id}) as "unknownSenders"`;
// Before the config, as everybody locks them who changes a participant's channels.
const lockParticipants = statement(rows({ id: uuid, pictured: boolean }))`
  select p.id, p.avatar_source_config_id is not distinct from ${id} as pictured from participant p
  where p.tenant_id = ${tenant} and exists (
    select from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id and c.integration_config_id = ${id})
  order by p.id for no key update of p`;
const keysOf = statement(rows({ id: uuid }))`
  select k.id from webhook_key k where k.tenant_id = ${tenant} and k.integration_config_id = ${id}`;

/**
 * Deletes an integration config with its channels, webhooks and unknown senders, all or nothing; a `preview` only says
 * what that would be. Participants stay, without avatars that came from it. Throws INTEGRATION_CONFIG_NOT_FOUND, and
 * CONFLICT without `force` while something goes with it, naming what.
 */
export async function deleteIntegrationConfig(
  db: TenantDatabase,
  input: { integrationConfigId: string; preview?: boolean | null | undefined; force?: boolean | null | undefined },
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<Going<GoingWithConfig>> {
  const configId = asUuid(input.integrationConfigId);
  if (!configId) throw configNotFound(input.integrationConfigId);
  const values = { id: configId };
  return db.transaction(async (tx) => {
    const participants = input.force && !input.preview ? await tx.query(lockParticipants, values) : [];
    const [found] = await tx.query(lockForGood, values);
    if (!found) throw configNotFound(configId);
    const [goes] = (await tx.query(goingWith, values)) as [GoingWithConfig];
    if (input.preview) return { deletedId: null, goes };
    demandForce(goes, input.force);
    for (const { id: keyId } of await tx.query(keysOf, values)) tx.announce('keyRevoked', { keyId });
    await tx.integrationConfig.deleteMany({ where: { tenantId: tx.tenantId, id: configId } });
    for (const { id: participantId, pictured } of participants)
      if (pictured) await hooks.channelsChanged(tx, participantId, { gone: true, added: [], reordered: false });
    announceParticipants(
      tx,
      participants.map((participant) => participant.id),
    );
    announceConfig(tx, configId, 'DELETED');
    return { deletedId: configId, goes };
  });
}
