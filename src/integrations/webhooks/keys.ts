import { makeSecret } from '../../auth/secrets.ts';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { WebhookKey } from '../../database/generated/client.ts';
import { newId } from '../../database/ids.ts';
import { tenantStatement } from '../../database/statement.ts';
import { announceConfig } from '../../directory/participants/announce.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { TokenCipher } from '../token-cipher.ts';
import type { ChannelActivation } from './activations.ts';
import type { WebhookProviders } from './provider.ts';
import { findTarget, type WebhookInput, type WebhookTarget } from './target.ts';

/** What makes keys' secrets, and keeps them unreadable. */
export type KeyMaking = { providers: WebhookProviders; cipher: TokenCipher };

/** A webhook with its new key, which is not stored and cannot be had again; nor can the signing secret. */
export type NewWebhook = { activation: ChannelActivation & { key: string }; signingSecret: string | null };

const insert = tenantStatement<Pick<WebhookKey, 'createdAt'>>(
  `insert into webhook_key (tenant_id, id, integration_config_id, binding_id, agent_id, prefix, secret_hash, signing_secret_ciphertext)
   select i.tenant_id, $2::uuid, i.id, $4::uuid, $5, $6, $7, $8 from integration_config i where i.tenant_id = $1 and i.id = $3::uuid
   on conflict do nothing returning created_at as "createdAt"`,
);

const lockConfig = tenantStatement<never>(
  'select from integration_config i where i.tenant_id = $1 and i.id = $2::uuid for no key update',
);

const lastKey = tenantStatement<Pick<WebhookKey, 'agentId'>>(
  `select k.agent_id as "agentId" from webhook_key k
   where k.tenant_id = $1 and k.integration_config_id = $2::uuid and k.binding_id is not distinct from $3::uuid
   order by k.revoked_at desc nulls first limit 1`,
);

const end = tenantStatement<Pick<WebhookKey, 'id'>>(
  `update webhook_key k set revoked_at = now()
   where k.tenant_id = $1 and k.integration_config_id = $2::uuid and k.binding_id is not distinct from $3::uuid and k.revoked_at is null
   returning k.id`,
);

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
  const [row] = await tx.query(insert, id, integrationConfigId, keyBindingId, agentId, prefix, secretHash, sealed);
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
 * Makes the first key of a webhook, or one after the last was revoked. Throws CONFLICT while there is one that works,
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

/** Puts a new key in the place of a webhook's last one, which ends at once, everywhere. Throws KEY_NOT_FOUND when it never had one, and what generateWebhookUrl throws. */
export async function rotateWebhookKey(
  db: TenantDatabase,
  input: WebhookInput,
  making: KeyMaking,
): Promise<NewWebhook> {
  return db.transaction(async (tx) => {
    const target = await findTarget(tx, input);
    const { integrationConfigId, keyBindingId } = target;
    // One after the other: of two rotations the second ends the first one's key.
    await tx.query(lockConfig, integrationConfigId);
    const [last] = await tx.query(lastKey, integrationConfigId, keyBindingId);
    if (!last) throw new Problem('KEY_NOT_FOUND', 'The webhook has no key: generate one.');
    for (const { id } of await tx.query(end, integrationConfigId, keyBindingId))
      tx.announce('keyRevoked', { keyId: id });
    return make(tx, target, target.agentId ?? last.agentId, making);
  });
}
