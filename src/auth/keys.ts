import { z } from 'zod';
import { demandAgents } from '../agents/agents.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { CredentialKey } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { displayName } from '../values/text.ts';
import { agentKeyScopes, type Scope, scopes } from './scopes.ts';
import { makeSecret } from './secrets.ts';

/** A key as it may be shown: without the secret's hash. */
export type ShownKey = Omit<CredentialKey, 'secretHash' | 'kind'> & { kind: CredentialKey['kind'] | 'WEBHOOK_KEY' };

/** A new key, and its secret, which is not stored and cannot be had again. */
export type NewKey = { key: ShownKey; secret: string };

const newAccessKey = z.object({
  name: displayName,
  scopes: z
    .array(z.enum(scopes))
    .min(1, 'must name at least one scope')
    .transform((given) => [...new Set(given)]),
});

async function create(
  db: TenantDatabase,
  kind: CredentialKey['kind'],
  of: Pick<CredentialKey, 'name' | 'agentId' | 'scopes'>,
): Promise<NewKey> {
  const { secret, prefix, secretHash } = makeSecret(kind);
  const data = { tenantId: db.tenantId, id: newId(), kind, prefix, secretHash, ...of };
  const { secretHash: _, ...key } = await db.transaction(async (tx) => {
    if (of.agentId !== null) await demandAgents(tx, [of.agentId]);
    return tx.credentialKey.create({ data });
  });
  return { key, secret };
}

/** Creates an access key with these scopes. */
export function createAccessKey(db: TenantDatabase, input: { name: string; scopes: Scope[] }): Promise<NewKey> {
  const { name, scopes } = checked(newAccessKey, input);
  return create(db, 'ACCESS_KEY', { name, agentId: null, scopes });
}

/** Creates a secret key for an agent. Throws AGENT_NOT_FOUND. */
export function createAgentSecretKey(db: TenantDatabase, { agentId }: { agentId: string }): Promise<NewKey> {
  return create(db, 'AGENT_KEY', { name: null, agentId, scopes: [...agentKeyScopes] });
}

const revoke = tenantStatement<ShownKey>(
  `update credential_key k set revoked_at = coalesce(k.revoked_at, now()) where k.tenant_id = $1 and k.id = $2::uuid
   returning ${columns('CredentialKey', 'k')}`,
);

const revokeWebhook = tenantStatement<ShownKey>(
  `update webhook_key k set revoked_at = coalesce(k.revoked_at, now()) where k.tenant_id = $1 and k.id = $2::uuid
   returning k.tenant_id as "tenantId", k.id, 'WEBHOOK_KEY' as kind, null as name, k.agent_id as "agentId", k.prefix, '{}'::text[] as scopes,
     k.created_at as "createdAt", k.revoked_at as "revokedAt"`,
);

/** Ends a key, a credential's or a webhook's, everywhere and at once; to do so again changes nothing. Throws KEY_NOT_FOUND. */
export async function revokeKey(db: TenantDatabase, input: { id: string }): Promise<ShownKey> {
  const id = asUuid(input.id);
  const [credential] = id ? await db.query(revoke, id) : [];
  const [key] = id && !credential ? await db.query(revokeWebhook, id) : [credential];
  if (!key) throw new Problem('KEY_NOT_FOUND', `There is no key ${input.id}.`);
  db.announce('keyRevoked', { keyId: key.id });
  return key;
}
