import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { makeSecret, matches, prefixOf } from '../../auth/secrets.ts';
import type { Database } from '../../database/database.ts';
import type { WebhookKey } from '../../database/generated/client.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter } from '../../database/sql/fragment.ts';
import { globalStatement } from '../../database/sql/statement.ts';
import { text } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { TokenCipher } from '../token-cipher.ts';

/** What a webhook's key leads to. */
export type OpenWebhook = Pick<WebhookKey, 'tenantId' | 'integrationConfigId' | 'agentId'> & {
  keyId: string;
  provider: string;
  /** What deliveries are signed with; null where the provider has a secret of its own, or this one's cannot be read any more. */
  signingSecret: string | null;
};

/** From the key in a webhook's URL to what it is for. */
export interface WebhookDoor {
  /** Throws KEY_NOT_FOUND for every key that doesn't work under that provider's name, and says no more. */
  open(provider: string, key: string): Promise<OpenWebhook>;
  /** Forgets a key at once: it has been revoked. */
  forget(keyId: string): void;
}

/** The error for a key that doesn't work, for whatever reason. */
export const noSuchWebhook = () => new Problem('KEY_NOT_FOUND', 'There is no such webhook.');

// The key is what says which tenant it is.
const whole = columns('WebhookKey', 'k');
const keyByPrefix = globalStatement(rows({ provider: text }, whole))`
  select ${whole}, i.provider from webhook_key k
  join integration_config i on i.tenant_id = k.tenant_id and i.id = k.integration_config_id
  where k.prefix = ${parameter('prefix', text)} and k.revoked_at is null`;

/** Looks keys up, and remembers those that work for half a minute. A delivery that comes in by one that has ended meanwhile is not recorded all the same. */
export function createWebhookDoor(database: Pick<Database, 'query'>, cipher: TokenCipher): WebhookDoor {
  const known = new LRUCache<string, OpenWebhook>({ max: 5_000, ttl: 30_000 });
  // What an unknown key is compared with, so that it takes as long as a known one.
  const nobodys = makeSecret('WEBHOOK_KEY').secretHash;
  const nothing = cipher.seal(randomBytes(32).toString('base64'), 'nobody');
  const underway = new Map<string, Promise<OpenWebhook | null>>();
  let revocations = 0;

  async function lookUp(key: string): Promise<OpenWebhook | null> {
    const revocationsBefore = revocations;
    const prefix = prefixOf(key);
    const [row] = prefix ? await database.query(keyByPrefix, { prefix }) : [];
    const good = matches(key, row?.secretHash ?? nobodys);
    const signingSecret = cipher.open(row?.signingSecretCiphertext ?? nothing, row?.id ?? 'nobody');
    if (!row || !good) return null;
    const { id: keyId, tenantId, integrationConfigId, agentId, provider } = row;
    const opened = {
      keyId,
      tenantId,
      integrationConfigId,
      agentId,
      provider,
      signingSecret: row.signingSecretCiphertext && signingSecret,
    };
    // A key revoked while it was looked up would be remembered as a good one.
    if (revocations === revocationsBefore) known.set(key, opened);
    return opened;
  }

  /** A burst of deliveries by one key is one look-up. */
  function lookUpOnce(key: string): Promise<OpenWebhook | null> {
    const running = underway.get(key);
    if (running) return running;
    const started = lookUp(key).finally(() => underway.delete(key));
    underway.set(key, started);
    return started;
  }

  return {
    async open(provider, key) {
      const remembered = known.get(key);
      const opened = remembered?.provider === provider ? remembered : await lookUpOnce(key);
      if (opened?.provider !== provider) throw noSuchWebhook();
      return opened;
    },
    forget(keyId) {
      revocations += 1;
      for (const [key, opened] of known.entries()) if (opened.keyId === keyId) known.delete(key);
    },
  };
}
