import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { inside } from '../database/inside.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { createAgent, updateAgent } from '../directory/agents/agents.ts';
import { updateIntegrationConfig } from '../integrations/config-life.ts';
import { createIntegrationConfig } from '../integrations/configs.ts';
import { checked } from '../values/checked.ts';
import { agentId, displayName } from '../values/text.ts';
import { idOfRow } from './one-by-one.ts';
import { type Given, noOutcome, type Outcome, refusal, type Writing } from './outcome.ts';
import { isObject, objectsIn } from './remote-http.ts';

type Change = 'created' | 'updated' | 'unchanged';

const agentRow = z.object({ id: agentId, name: displayName });
const configRow = z.object({ provider: z.string(), name: displayName, defaultRegion: z.string().nullish() });

async function writeAgent(tx: TenantTransaction, fields: Given['fields']): Promise<Change> {
  const { id, name } = checked(agentRow, fields);
  const before = await tx.agent.findUnique({ where: { tenantId_id: { tenantId: tx.tenantId, id } } });
  if (!before) await createAgent(inside(tx), { id, name });
  else if (before.name !== name) await updateAgent(inside(tx), { agentId: id, name });
  return !before ? 'created' : before.name === name ? 'unchanged' : 'updated';
}

async function writeConfig(tx: TenantTransaction, fields: Given['fields']): Promise<Change> {
  const { defaultRegion = null, ...config } = checked(configRow, fields);
  const id = idOfRow('CONFIGS', { fields }, tx.tenantId);
  const before = await tx.integrationConfig.findUnique({ where: { tenantId_id: { tenantId: tx.tenantId, id } } });
  if (!before) {
    await createIntegrationConfig(inside(tx), { ...config, defaultRegion }, id);
    return 'created';
  }
  if (before.name === config.name && before.defaultRegion === defaultRegion) return 'unchanged';
  await updateIntegrationConfig(inside(tx), { integrationConfigId: id, name: config.name, defaultRegion });
  return 'updated';
}

/** Writes agents, or integration configs, that another system has: they are there before the rows that name them. */
export async function writeNetwork(
  tx: TenantTransaction,
  kind: 'AGENTS' | 'CONFIGS',
  batch: readonly Given[],
  writing: Writing,
): Promise<Outcome> {
  const outcome = noOutcome();
  for (const { line, fields } of batch) {
    try {
      outcome[await tx.savepoint(() => (kind === 'AGENTS' ? writeAgent : writeConfig)(tx, fields))] += 1;
    } catch (error) {
      outcome.rejected.push(refusal(line, error, writing));
    }
  }
  return outcome;
}

const knownUsers = statement(rows({ id: uuid }))`
  select u.id from external_user u where u.tenant_id = ${tenant} and u.id = any(${parameter('ids', array(uuid))})
  union select r.id from merged_id r where r.tenant_id = ${tenant} and r.kind = 'EXTERNAL_USER' and r.id = any(${parameter('ids', array(uuid))})`;

const membersIn = (fields: Given['fields']) => objectsIn(fields['participants']);
const idIn = (named: unknown): string => (isObject(named) && typeof named['id'] === 'string' ? named['id'] : '');

/** The agents who take part in conversations, as rows of agents: the source may have none of its own. */
export function agentsIn(conversations: readonly Given['fields'][]): Given['fields'][] {
  const names = new Map<string, unknown>();
  for (const { participant, name } of conversations.flatMap(membersIn)) {
    const id = isObject(participant) ? idIn(participant['agent']) : '';
    if (id !== '') names.set(id, name || id);
  }
  return [...names].map(([id, name]) => ({ id, name }));
}

/**
 * Returns a source's rows as they are here: with the ids that were made here for those that are no UUIDs, and with
 * contacts by their ids where they are known, and by an identifier otherwise.
 */
export async function asHere(
  { query, tenantId }: Pick<TenantDatabase, 'query' | 'tenantId'>,
  given: readonly Given['fields'][],
): Promise<Given['fields'][]> {
  const idHere = (kind: string, id: unknown) => idOfRow(kind, { fields: { id } }, tenantId);
  const contacts = given.flatMap(membersIn).flatMap(({ participant }) => {
    return asUuid(isObject(participant) ? idIn(participant['contact']) : '') ?? [];
  });
  const known = new Set((contacts.length > 0 ? await query(knownUsers, { ids: contacts }) : []).map(({ id }) => id));
  const subject = ({ participant }: Given['fields']) => {
    if (!isObject(participant)) return participant;
    const { user, contact, contactByIdentifier, ...others } = participant;
    if (user) return { user: { id: idHere('PARTICIPANTS', idIn(user)) } };
    if (!contact && !contactByIdentifier) return others;
    return contactByIdentifier && !known.has(asUuid(idIn(contact)) ?? '') ? { contactByIdentifier } : { contact };
  };
  return given.map((fields) => ({
    ...fields,
    ...(Array.isArray(fields['channels']) && {
      channels: objectsIn(fields['channels']).map((channel) => ({
        ...channel,
        integrationConfigId: idHere('CONFIGS', channel['integrationConfigId']),
      })),
    }),
    ...(Array.isArray(fields['participants']) && {
      participants: membersIn(fields).map(({ name: _, ...member }) => ({ ...member, participant: subject(member) })),
    }),
  }));
}
