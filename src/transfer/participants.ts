import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { announceParticipant } from '../directory/participants/announce.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { createParticipant, type NewParticipant, updateParticipant } from '../directory/participants/participants.ts';
import { addressText, identityText } from '../erasure/digests.ts';
import { Problem } from '../errors/catalogue.ts';
import { addressKey, identityKey } from '../providers/address.ts';
import { checked } from '../values/checked.ts';
import { emailAddress } from '../values/email-address.ts';
import type { Given } from './outcome.ts';
import { type ParticipantRow, participantRow } from './rows.ts';
import type { Fields, RowRule } from './rule.ts';

const config = columns('IntegrationConfig', 'i', ['id', 'provider', 'defaultRegion']);
const configs = statement(config)`
  select ${config} from integration_config i where i.tenant_id = ${tenant} and i.id = any(${parameter('ids', array(uuid))})`;

type Channel = { integrationConfigId: string; address: string };

const channelsIn = (given: unknown): Channel[] =>
  Array.isArray(given)
    ? given.filter(
        (channel): channel is Channel =>
          typeof channel?.integrationConfigId === 'string' && typeof channel?.address === 'string',
      )
    : [];

/** The texts of a participant's e-mail address and of its channels' addresses, as far as they can be read. */
async function texts(tx: TenantTransaction, batch: readonly Given[]): Promise<string[][]> {
  const channels = batch.map(({ fields }) => channelsIn(fields['channels']));
  const ids = new Set(channels.flat().flatMap(({ integrationConfigId }) => asUuid(integrationConfigId) ?? []));
  const known = new Map(
    (ids.size > 0 ? await tx.query(configs, { ids: [...ids] }) : []).map((config) => [config.id, config]),
  );
  return batch.map(({ fields }, n) => {
    const email = emailAddress.safeParse(fields['email']).data;
    const ofChannels = (channels[n] ?? []).flatMap(({ integrationConfigId, address }) => {
      const config = known.get(asUuid(integrationConfigId) ?? '');
      if (!config) return [];
      const { provider, defaultRegion } = config;
      const identity = identityKey(provider, address, defaultRegion);
      return [
        addressText(provider, addressKey(provider, address, defaultRegion)),
        ...(identity ? [identityText(identity)] : []),
      ];
    });
    return [...(email ? [identityText(email.toLowerCase())] : []), ...ofChannels];
  });
}

/** Channels in one order and in full, so that they can be compared. */
const comparable = (channels: NonNullable<ParticipantRow['channels']>) =>
  channels
    .map(({ integrationConfigId, address, priority, label, disabled }) => ({
      integrationConfigId: asUuid(integrationConfigId),
      address,
      priority: priority ?? 0,
      label: label ?? null,
      disabled: disabled ?? false,
    }))
    .sort((one, other) =>
      `${one.integrationConfigId} ${one.address}` < `${other.integrationConfigId} ${other.address}` ? -1 : 1,
    );

const sorted = (ids: readonly string[]) => [...new Set(ids)].sort();

const storedRow = (before: Fields) =>
  participantRow.parse(Object.fromEntries(Object.entries(before).filter(([, value]) => value !== null)));

/**
 * A row of the survivor of merges. It knows nothing of what the others had, so it takes no channel and no agent away.
 */
function withOthers({ agentIds, channels, ...row }: ParticipantRow, before: Fields): ParticipantRow {
  const stored = storedRow(before);
  const keyOf = (one: Channel) => `${asUuid(one.integrationConfigId)} ${one.address}`;
  const named = new Set(channels?.map(keyOf));
  return {
    ...row,
    ...(agentIds && { agentIds: [...new Set([...agentIds, ...(stored.agentIds ?? [])])] }),
    ...(channels && { channels: [...channels, ...(stored.channels ?? []).filter((each) => !named.has(keyOf(each)))] }),
  };
}

/** What of a row is not what is stored. */
function changesOf(row: ParticipantRow, before: Fields) {
  const { displayName, email, relatedAgentId, agentIds, channels } = row;
  const stored = storedRow(before);
  return {
    ...(displayName !== undefined && displayName !== stored.displayName && { displayName }),
    ...(email !== undefined && email !== stored.email && { email }),
    ...(relatedAgentId !== undefined && relatedAgentId !== stored.relatedAgentId && { relatedAgentId }),
    ...(agentIds && !isDeepStrictEqual(sorted(agentIds), sorted(stored.agentIds ?? [])) && { agentIds }),
    ...(channels && !isDeepStrictEqual(comparable(channels), comparable(stored.channels ?? [])) && { channels }),
  };
}

async function disable(tx: TenantTransaction, id: string, disabledAt: Date): Promise<void> {
  await tx.participant.updateMany({ where: { tenantId: tx.tenantId, id, disabledAt: null }, data: { disabledAt } });
  announceParticipant(tx, id);
}

/** Participants as rows of files. */
export const participants = (hooks: ParticipantHooks): RowRule => ({
  texts,
  async create(db, tx, id, { fields, createdAt }) {
    const { disabledAt, ...row } = checked(participantRow, fields);
    await createParticipant(db, { kind: 'PERSON', ...row } as NewParticipant, hooks, id, createdAt);
    if (disabledAt) await disable(tx, id, disabledAt);
  },
  async update(db, tx, id, fields, { row: before, isSurvivor }) {
    const given = checked(participantRow, fields);
    const row = isSurvivor ? withOthers(given, before) : given;
    if (row.kind !== undefined && row.kind !== before['kind'])
      throw new Problem('VALIDATION_FAILED', 'The kind cannot be changed.', {
        errors: [{ path: ['input', 'kind'], message: 'cannot be changed' }],
      });
    const changes = changesOf(row, before);
    const isDisabled = row.disabledAt !== undefined && before['disabledAt'] === null;
    if (Object.keys(changes).length > 0) await updateParticipant(db, { participantId: id, ...changes }, hooks);
    if (row.disabledAt && isDisabled) await disable(tx, id, row.disabledAt);
    return isDisabled || Object.keys(changes).length > 0;
  },
});
