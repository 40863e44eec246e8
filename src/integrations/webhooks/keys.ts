import { makeSecret } from '../../auth/secrets.ts';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import { newId } from '../../database/ids.ts';
import { columns, nothing } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text, uuid } from '../../database/sql/types.ts';
import { announceConfig } from '../../directory/participants/announce.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { TokenCipher } from '../token-cipher.ts';
import type { ChannelActivation } from './activations.ts';
import type { WebhookProviders } from './provider.ts';
import { findTarget, type WebhookInput, type WebhookTarget } from './target.ts';

/** Creates and encrypts the secrets of keys. */
export type KeyMaking = { providers: WebhookProviders; cipher: TokenCipher };

/** A webhook with its new key and signing secret. Neither can be shown again. */
export type NewWebhook = { activation: ChannelActivation & { key: string }; signingSecret: string | null };

const configId = parameter('configId', uuid);
const bindingId = parameter('bindingId', nullable(uuid));
const made = columns('WebhookKey', 'k', ['createdAt']);
const itsAgent = columns('WebhookKey', 'k', ['agentId']);
const itsId = columns('WebhookKey', 'k', ['id']);

const insert = statement(made)`
  insert into webhook_key as k (tenant_id, id, integration_config_id, binding_id, agent_id, prefix, secret_hash, signing_secret_ciphertext)
  select i.tenant_id, ${parameter('id', uuid)}, i.id, ${bindingId}, ${parameter('agentId', nullable(text))}, ${parameter('prefix', text)},
    ${parameter('secretHash', text)}, ${parameter('signingSecretCiphertext', nullable(text))}
  from integration_config i where i.tenant_id = ${tenant} and i.id = ${configId}
  on conflict do nothing returning ${made}`;

const lockConfig = statement(nothing)`
  select from integration_config i where i.tenant_id = ${tenant} and i.id = ${configId} for no key update`;

const lastKey = statement(itsAgent)`
  select ${itsAgent} from webhook_key k
  where k.tenant_id = ${tenant} and k.integration_config_id = ${configId} and k.binding_id is not distinct from ${bindingId}
  order by k.revoked_at desc nulls first limit 1`;

const end = statement(itsId)`
  update webhook_key k set revoked_at = now()
  where k.tenant_id = ${tenant} and k.integration_config_id = ${configId} and k.binding_id is not distinct from ${bindingId}
    and k.revoked_at is null
  returning ${itsId}`;

async function make(
  tx: TenantTransaction,
  { integrationConfigId, provider, keyBindingId, bindingId, address }: WebhookTarget,
  agentId: string | null,
  { providers, cipher }: KeyMaking,
): Promise<NewWebhook> {
  const id = newId();
  const { secret, prefix, secretHash } = makeSecret('WEBHOOK_KEY');
  const signingSecret = providers(provider).newSecret();
  const sealed = signingSecret === null ? null : cipher.seal(signingSecret, id);
  const [row] = await tx.query(insert, {
    id,
    configId: integrationConfigId,
    bindingId: keyBindingId,
    agentId,
    prefix,
    secretHash,
    signingSecretCiphertext: sealed,
  });
  if (!row) {
    throw new Problem('CONFLICT', 'The webhook has a key that works already: rotate it.', {
      errors: [
        { path: ['input', keyBindingId ? 'bindingId' : 'integrationConfigId'], message: 'has a key that works' },
      ],
    });
  }
  announceConfig(tx, integrationConfigId);
  const key = { webhookKeyId: id, webhookKeyPrefix: prefix, createdAt: row.createdAt, key: secret };
  return { activation: { agentId, bindingId, integrationConfigId, provider, address, ...key }, signingSecret };
}

/**
 * Creates the first key of a webhook, or one after the last was revoked. Throws CONFLICT while one works,
 * INTEGRATION_CONFIG_NOT_FOUND, BINDING_NOT_FOUND, AGENT_NOT_FOUND, VALIDATION_FAILED.
 */
export async function generateWebhookUrl(
  db: TenantDatabase,
  input: WebhookInput,
  making: KeyMaking,
): Promise<NewWebhook> {
  return db.transaction(async (tx) => {
    const target = await findTarget(tx, input);
    return make(tx, target, target.agentId, making);
  });
}

/**
 * Replaces a webhook's key. The old key ends at once on every replica. Throws KEY_NOT_FOUND when there was none, and
 * what generateWebhookUrl throws.
 */
export async function rotateWebhookKey(
  db: TenantDatabase,
  input: WebhookInput,
  making: KeyMaking,
): Promise<NewWebhook> {
  return db.transaction(async (tx) => {
    const target = await findTarget(tx, input);
    const { integrationConfigId, keyBindingId } = target;
    // Serialised: the second of two rotations ends the first one's key.
    await tx.query(lockConfig, { configId: integrationConfigId });
    const [last] = await tx.query(lastKey, { configId: integrationConfigId, bindingId: keyBindingId });
    if (!last) throw new Problem('KEY_NOT_FOUND', 'The webhook has no key: generate one.');
    for (const { id } of await tx.query(end, { configId: integrationConfigId, bindingId: keyBindingId }))
      tx.announce('keyRevoked', { keyId: id });
    return make(tx, target, target.agentId ?? last.agentId, making);
  });
}
