import type { TenantTransaction } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text, uuid } from '../../database/sql/types.ts';
import { agentNotFound } from '../../directory/agents/agents.ts';
import { bindingNotFound } from '../../directory/bindings/bindings.ts';
import { Problem } from '../../errors/catalogue.ts';
import { webhookScope } from '../../providers/providers.ts';
import { configNotFound } from '../configs.ts';

/** Names a webhook in a mutation. */
export type WebhookInput = {
  integrationConfigId?: string | null | undefined;
  bindingId?: string | null | undefined;
  agentId?: string | null | undefined;
};

/** The named webhook. */
export type WebhookTarget = {
  integrationConfigId: string;
  provider: string;
  /** The binding of the key. Null where it is for the whole config. */
  keyBindingId: string | null;
  /** The named binding, and its participant's first address at the config. Null without one. */
  bindingId: string | null;
  address: string | null;
  /** The agent that was named directly or by its binding. Null without one. */
  agentId: string | null;
};

type Config = { id: string; provider: string };
type BindingChannel = {
  id: string;
  agentId: string;
  configId: string | null;
  provider: string | null;
  address: string | null;
};

const found = columns('IntegrationConfig', 'i', ['id', 'provider']);
const config = statement(found)`
  select ${found} from integration_config i where i.tenant_id = ${tenant} and i.id = ${parameter('id', uuid)} for key share`;

const agent = statement(rows({ id: text }))`
  select a.id from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('id', text)} for key share`;

// Locks the binding: deleting it deletes its keys, so it must not go before they exist.
const bindingChannels = statement(
  rows({ id: uuid, agentId: text, configId: nullable(uuid), provider: nullable(text), address: nullable(text) }),
)`select b.id, b.agent_id as "agentId", c.integration_config_id as "configId", c.provider, c.address
   from (select * from binding b where b.tenant_id = ${tenant} and b.id = ${parameter('id', uuid)} for key share) b
   left join channel c on c.tenant_id = b.tenant_id and c.participant_id = b.participant_id
   order by c.priority, c.id`;

const refused = (field: string, message: string) =>
  new Problem('VALIDATION_FAILED', `${field} ${message}`, { errors: [{ path: ['input', field], message }] });

/**
 * Finds the named webhook. Throws INTEGRATION_CONFIG_NOT_FOUND, BINDING_NOT_FOUND, AGENT_NOT_FOUND, VALIDATION_FAILED.
 */
export async function findTarget(tx: TenantTransaction, input: WebhookInput): Promise<WebhookTarget> {
  if (input.integrationConfigId == null && input.bindingId == null)
    throw refused('integrationConfigId', 'must be given, or bindingId, or both');

  const named = input.integrationConfigId == null ? null : await findConfig(tx, input.integrationConfigId);
  const channels = input.bindingId == null ? null : await findBinding(tx, input.bindingId);
  const [binding] = channels ?? [];
  const { id: integrationConfigId, provider } = named ?? onlyConfig(channels ?? []);
  const perBinding = webhookScope(provider) === 'PER_BINDING';
  if (perBinding && !binding)
    throw refused('bindingId', `must be given: with ${provider} each binding has a webhook of its own`);

  if (input.agentId != null) {
    const [found] = await tx.query(agent, { id: input.agentId });
    if (!found) throw agentNotFound(input.agentId);
    if (binding && binding.agentId !== input.agentId)
      throw refused('agentId', 'must be the binding’s agent, or be left out');
  }
  return {
    integrationConfigId,
    provider,
    keyBindingId: perBinding ? (binding?.id ?? null) : null,
    bindingId: binding?.id ?? null,
    address: channels?.find(({ configId }) => configId === integrationConfigId)?.address ?? null,
    agentId: binding?.agentId ?? input.agentId ?? null,
  };
}

async function findConfig(tx: TenantTransaction, given: string): Promise<Config> {
  const id = asUuid(given);
  const [found] = id ? await tx.query(config, { id }) : [];
  if (!found) throw configNotFound(given);
  return found;
}

async function findBinding(tx: TenantTransaction, given: string): Promise<BindingChannel[]> {
  const id = asUuid(given);
  const found = id ? await tx.query(bindingChannels, { id }) : [];
  if (found.length === 0) throw bindingNotFound(given);
  return found;
}

/** Returns the config of a binding's webhook. Configs whose keys are per binding come first. */
function onlyConfig(channels: readonly BindingChannel[]): Config {
  const configs = new Map<string, Config>();
  for (const { configId, provider } of channels)
    if (configId && provider) configs.set(configId, { id: configId, provider });
  const all = [...configs.values()];
  const own = all.filter(({ provider }) => webhookScope(provider) === 'PER_BINDING');
  const [only, another] = own.length > 0 ? own : all;
  if (only && !another) return only;
  throw refused(
    'integrationConfigId',
    only ? 'must be given: the participant has channels at several' : 'must be given: the participant has no channel',
  );
}
