import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { makeSecret, matches, prefixOf } from '../../auth/secrets.ts';
import type { Database } from '../../database/database.ts';
import type { WebhookKey } from '../../database/generated/client.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter } from '../../database/sql/fragment.ts';
import { globalStatement } from '../../database/sql/statement.ts';
import { assured, double, nullable, text, timestamptz, uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { TokenCipher } from '../token-cipher.ts';

/** A secret that may sign deliveries until `endsAt` in milliseconds since 1970. Null for no end. */
export type SigningSecret = { value: string; endsAt: number | null };

/** What a webhook's key stands for. */
export type OpenWebhook = Pick<WebhookKey, 'tenantId' | 'integrationConfigId' | 'agentId'> & {
  keyId: string;
  provider: string;
  /** The config's country, whose numbers may lack a plus. Null for none. */
  defaultRegion: string | null;
  /** The provider's id of the connected workspace. Null when it is not known. */
  workspaceId: string | null;
  /** The config's token, encrypted. Null while it is not connected. */
  sealedToken: string | null;
  /** The key's own secret, then those of the keys that it replaced. Empty where the provider has one of its own. */
  signingSecrets: readonly SigningSecret[];
};

/** The webhook authenticator: finds the webhook of a key in a URL. */
export interface WebhookAuthenticator {
  /** Throws the same KEY_NOT_FOUND for every key that does not work under that provider's name. */
  authenticate(provider: string, key: string): Promise<OpenWebhook>;
  /** Drops a revoked key from the cache. */
  forget(keyId: string): void;
  /** Drops the keys of an integration config from the cache, because it was connected or disconnected. */
  forgetConfig(integrationConfigId: string): void;
}

/** How long a secret is accepted after its key was replaced. docs/webhooks.md says so too. */
const secretOverlapMs = 24 * 3_600_000;
/** How many replaced secrets are accepted, the newest first. */
const maxReplaced = 2;

/** Returns the error for a key that does not work for any reason. */
export const noSuchWebhook = () => new Problem('KEY_NOT_FOUND', 'The webhook does not exist.');

// A global statement, because the key tells the tenant.
const whole = columns('WebhookKey', 'k');
const keyByPrefix = globalStatement(
  rows(
    { provider: text, workspaceId: nullable(text), sealedToken: nullable(text), defaultRegion: nullable(text) },
    whole,
  ),
)`select ${whole}, i.provider, i.workspace_id as "workspaceId", i.token_ciphertext as "sealedToken", i.default_region as "defaultRegion"
   from webhook_key k
   join integration_config i on i.tenant_id = k.tenant_id and i.id = k.integration_config_id
   where k.prefix = ${parameter('prefix', text)} and k.revoked_at is null`;

// The sender needs time to take the new secret into use; the replaced key itself ends at once. A rotation ends one key
// and makes the next in one transaction, so at the same time; the secret of a key that was revoked by itself is not
// accepted any more.
const replacedKeys = globalStatement(
  rows({ id: uuid, signingSecretCiphertext: assured(text), revokedAt: assured(timestamptz) }),
)`select k.id, k.signing_secret_ciphertext as "signingSecretCiphertext", k.revoked_at as "revokedAt" from webhook_key k
   where k.tenant_id = ${parameter('tenantId', uuid)} and k.integration_config_id = ${parameter('integrationConfigId', uuid)}
     and k.binding_id is not distinct from ${parameter('bindingId', nullable(uuid))}
     and k.revoked_at > now() - ${parameter('overlapMs', double)} * interval '1 millisecond' and k.signing_secret_ciphertext is not null
     and exists (select from webhook_key n where n.tenant_id = k.tenant_id and n.integration_config_id = k.integration_config_id
       and n.binding_id is not distinct from k.binding_id and n.id <> k.id and n.created_at = k.revoked_at)
   order by k.revoked_at desc limit ${maxReplaced}`;

/**
 * Reads keys and caches working ones for half a minute. A key that has ended meanwhile still records nothing: the
 * statement that records a delivery checks it again.
 */
export function createWebhookAuthenticator(
  database: Pick<Database, 'query'>,
  cipher: TokenCipher,
): WebhookAuthenticator {
  const known = new LRUCache<string, OpenWebhook>({ max: 5_000, ttl: 30_000 });
  // An unknown key is compared with this, so that it takes as long as a known one.
  const placeholderHash = makeSecret('WEBHOOK_KEY').secretHash;
  const placeholderCiphertext = cipher.seal(randomBytes(32).toString('base64'), 'nobody');
  const underway = new Map<string, Promise<OpenWebhook | null>>();
  // Counts drops: a read that started before one must not enter the cache after it.
  let changes = 0;

  async function read(key: string): Promise<OpenWebhook | null> {
    const changesBefore = changes;
    const prefix = prefixOf(key);
    // Nothing keeps a prefix from coming twice in different tenants.
    const found = prefix ? await database.query(keyByPrefix, { prefix }) : [];
    const row = found.find(({ secretHash }) => matches(key, secretHash)) ?? found[0];
    const good = matches(key, row?.secretHash ?? placeholderHash);
    const current = cipher.open(row?.signingSecretCiphertext ?? placeholderCiphertext, row?.id ?? 'nobody');
    if (!row || !good) return null;
    const { id: keyId, tenantId, integrationConfigId, bindingId, agentId, provider } = row;
    const { workspaceId, sealedToken, defaultRegion } = row;
    const signingSecrets: SigningSecret[] = [];
    if (row.signingSecretCiphertext) {
      if (current !== null) signingSecrets.push({ value: current, endsAt: null });
      const replaced = await database.query(replacedKeys, {
        tenantId,
        integrationConfigId,
        bindingId,
        overlapMs: secretOverlapMs,
      });
      for (const { id, signingSecretCiphertext, revokedAt } of replaced) {
        const value = cipher.open(signingSecretCiphertext, id);
        if (value !== null) signingSecrets.push({ value, endsAt: revokedAt.getTime() + secretOverlapMs });
      }
    }
    const opened = {
      keyId,
      tenantId,
      integrationConfigId,
      agentId,
      provider,
      defaultRegion,
      workspaceId,
      sealedToken,
      signingSecrets,
    };
    if (changes === changesBefore) known.set(key, opened);
    return opened;
  }

  /** A burst of deliveries with one key reads it once. */
  function readOnce(key: string): Promise<OpenWebhook | null> {
    const running = underway.get(key);
    if (running) return running;
    const started = read(key).finally(() => underway.get(key) === started && underway.delete(key));
    underway.set(key, started);
    return started;
  }

  function forgetWhere(matching: (opened: OpenWebhook) => boolean): void {
    changes += 1;
    // A read that has started returns the former state.
    underway.clear();
    for (const [key, opened] of known.entries()) if (matching(opened)) known.delete(key);
  }

  return {
    async authenticate(provider, key) {
      const remembered = known.get(key);
      const opened = remembered?.provider === provider ? remembered : await readOnce(key);
      if (opened?.provider !== provider) throw noSuchWebhook();
      return opened;
    },
    forget: (keyId) => forgetWhere((opened) => opened.keyId === keyId),
    forgetConfig: (configId) => forgetWhere((opened) => opened.integrationConfigId === configId),
  };
}
