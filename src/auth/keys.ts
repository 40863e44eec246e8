import { z } from 'zod';
import type { TenantDatabase } from '../database/database.ts';
import type { CredentialKey } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { boundedRows, maxRows, oneByUuid } from '../database/loaders.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { boolean, list, nullable, text, textOf, timestamptz, uuid } from '../database/sql/types.ts';
import { demandAgents } from '../directory/agents/agents.ts';
import { announceConfig } from '../directory/participants/announce.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { displayName } from '../values/text.ts';
import { agentKeyScopes, type Scope, scopes } from './scopes.ts';
import { makeSecret } from './secrets.ts';

/** A key without its secret's hash, as callers may see it. */
export type ShownKey = Omit<CredentialKey, 'secretHash' | 'kind'> & { kind: CredentialKey['kind'] | 'WEBHOOK_KEY' };

/** A new key with its secret. The secret is not stored and is shown only once: null for a repeat of the call. */
export type NewKey = { key: ShownKey; secret: string | null };

const newAccessKey = z.object({
  name: displayName,
  scopes: z
    .array(z.enum(scopes))
    .min(1, 'must name at least one scope')
    .transform((given) => [...new Set(given)]),
});

const expiry = z.object({
  expiresAt: z.date().nullish(),
});

/** When a new key is to end by itself, null for never. Throws VALIDATION_FAILED for a time that is not to come. */
function expiryOf(db: TenantDatabase, input: { expiresAt?: Date | null | undefined }): Date | null {
  const { expiresAt } = checked(
    expiry.refine((given) => given.expiresAt == null || given.expiresAt > db.now(), {
      path: ['expiresAt'],
      message: 'must be in the future',
    }),
    { expiresAt: input.expiresAt },
  );
  return expiresAt ?? null;
}

async function create(
  db: TenantDatabase,
  kind: CredentialKey['kind'],
  of: Pick<CredentialKey, 'name' | 'agentId' | 'scopes' | 'expiresAt'>,
  id: string,
): Promise<NewKey> {
  const { secret, prefix, secretHash } = makeSecret(kind);
  const data = { tenantId: db.tenantId, id, kind, prefix, secretHash, ...of };
  const { secretHash: _, ...key } = await db.transaction(async (tx) => {
    if (of.agentId !== null) await demandAgents(tx, [of.agentId]);
    return tx.credentialKey.create({ data });
  });
  return { key, secret };
}

/** Creates an access key with these scopes. It expires by itself if `expiresAt` is given. */
export async function createAccessKey(
  db: TenantDatabase,
  input: { name: string; scopes: Scope[]; expiresAt?: Date | null | undefined },
  id = newId(),
): Promise<NewKey> {
  const { name, scopes } = checked(newAccessKey, input);
  return create(db, 'ACCESS_KEY', { name, agentId: null, scopes, expiresAt: expiryOf(db, input) }, id);
}

/** Creates a secret key for an agent. It expires by itself if `expiresAt` is given. Throws AGENT_NOT_FOUND. */
export async function createAgentSecretKey(
  db: TenantDatabase,
  input: { agentId: string; expiresAt?: Date | null | undefined },
  id = newId(),
): Promise<NewKey> {
  const expiresAt = expiryOf(db, input);
  return create(db, 'AGENT_KEY', { name: null, agentId: input.agentId, scopes: [...agentKeyScopes], expiresAt }, id);
}

const shown = columns('CredentialKey', 'k', [
  'tenantId',
  'id',
  'kind',
  'name',
  'agentId',
  'prefix',
  'scopes',
  'createdAt',
  'revokedAt',
  'expiresAt',
  'lastUsedAt',
]);
/** Keys by their ids, those that were revoked too. */
export const keyById = oneByUuid(
  statement(shown)`select ${shown} from credential_key k where k.tenant_id = ${tenant} and k.id = ${anyKey(uuid)}`,
  'id',
);

/** The key that was created before, and no secret: it was shown then. Throws KEY_NOT_FOUND. */
export async function keyShownBefore(db: TenantDatabase, id: string): Promise<NewKey> {
  const [key] = await keyById.load(db, [id]);
  if (!key) throw new Problem('KEY_NOT_FOUND', `There is no key ${id}.`);
  return { key, secret: null };
}

const everyKey = statement(shown)`
  select ${shown} from credential_key k
  where k.tenant_id = ${tenant} and (${parameter('includeRevoked', boolean)} or k.revoked_at is null)
  order by k.created_at, k.id limit ${maxRows + 1}`;

/**
 * Returns the tenant's working keys in the order of creation, with the revoked keys if asked. Throws RESULT_TOO_LARGE
 * over 10,000.
 */
export const listKeys = async (db: TenantDatabase, includeRevoked: boolean): Promise<ShownKey[]> =>
  boundedRows(await db.query(everyKey, { includeRevoked }), 'keys');

const revoke = statement(shown)`
  update credential_key k set revoked_at = coalesce(k.revoked_at, now())
  where k.tenant_id = ${tenant} and k.id = ${parameter('id', uuid)} returning ${shown}`;

const webhook = columns('WebhookKey', 'k', [
  'tenantId',
  'id',
  'agentId',
  'prefix',
  'createdAt',
  'revokedAt',
  'integrationConfigId',
]);
const revokeWebhook = statement(
  rows(
    {
      kind: textOf<'WEBHOOK_KEY'>(),
      name: nullable(text),
      scopes: list(text),
      expiresAt: nullable(timestamptz),
      lastUsedAt: nullable(timestamptz),
    },
    webhook,
  ),
)`
  update webhook_key k set revoked_at = coalesce(k.revoked_at, now()) where k.tenant_id = ${tenant} and k.id = ${parameter('id', uuid)}
  returning ${webhook}, 'WEBHOOK_KEY' as kind, null as name, '{}'::text[] as scopes,
    null::timestamptz as "expiresAt", null::timestamptz as "lastUsedAt"`;

/**
 * Revokes a credential's or a webhook's key at once, on every replica. A second call changes nothing. Throws
 * KEY_NOT_FOUND.
 */
export async function revokeKey(db: TenantDatabase, input: { id: string }): Promise<ShownKey> {
  const id = asUuid(input.id);
  const [credential] = id ? await db.query(revoke, { id }) : [];
  const [webhook] = id && !credential ? await db.query(revokeWebhook, { id }) : [];
  const key = credential ?? webhook;
  if (!key) throw new Problem('KEY_NOT_FOUND', `There is no key ${input.id}.`);
  db.announce('keyRevoked', { keyId: key.id });
  if (webhook) announceConfig(db, webhook.integrationConfigId);
  return key;
}
