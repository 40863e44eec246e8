import { setTimeout as wait } from 'node:timers/promises';
import type { TenantDatabase } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text, uuid } from '../database/sql/types.ts';
import { announceConfig } from '../directory/participants/announce.ts';
import { providerProblems, TokenRefused } from '../egress/provider-problems.ts';
import { Problem } from '../errors/catalogue.ts';
import { needsConnection } from '../providers/providers.ts';
import type { OAuthProviders } from './oauth/provider.ts';
import { readToken, type StoredToken, writeToken } from './oauth/stored-token.ts';
import type { TokenCipher } from './token-cipher.ts';

/** An integration config as far as asking its provider needs it. */
export type Connectable = { id: string; provider: string; tokenCiphertext: string | null };

/** Asks a provider with an integration config's token. */
export interface Connections {
  /**
   * Runs the work with the config's token, refreshed if it has ended, or with null where the provider needs none and
   * none is stored. When the provider refuses the token, the config is disconnected, unless it was connected again
   * meanwhile. Throws INTEGRATION_NOT_CONNECTED, and what the work throws. Do not use it in a transaction.
   */
  use<Result>(
    db: TenantDatabase,
    config: Connectable,
    work: (token: string | null) => Promise<Result>,
  ): Promise<Result>;
}

type Held = { token: string; ciphertext: string; renewable: boolean };

const configId = parameter('id', uuid);
const ciphertextOf = statement(rows({ ciphertext: nullable(text) }))`
  select i.token_ciphertext as ciphertext from integration_config i where i.tenant_id = ${tenant} and i.id = ${configId}`;

// Every change names the token that it replaces, so that a concurrent change stays.
const before = parameter('before', text);
const replace = statement(rows({ id: uuid }))`
  update integration_config i set token_ciphertext = ${parameter('after', text)}
  where i.tenant_id = ${tenant} and i.id = ${configId} and i.token_ciphertext = ${before} returning i.id`;
const forget = statement(rows({ id: uuid }))`
  update integration_config i set token_ciphertext = null, connected_at = null, disconnected_reason = 'TOKEN_REFUSED'
  where i.tenant_id = ${tenant} and i.id = ${configId} and i.token_ciphertext = ${before} returning i.id`;

const seconds = 1_000;
const lose = async (db: TenantDatabase, id: string, ciphertext: string): Promise<void> => {
  if ((await db.query(forget, { id, before: ciphertext })).length > 0) announceConfig(db, id);
};

/** How long to wait before each further try to store a refreshed token. */
const storePauses = [50, 250, 1_000];

/**
 * Stores a refreshed token in place of the claim to refresh it. Returns 'other' when another value is stored, and 'not'
 * when the database refuses.
 */
async function keep(db: TenantDatabase, id: string, claimed: string, next: string): Promise<'kept' | 'other' | 'not'> {
  for (const pause of [...storePauses, null]) {
    try {
      return (await db.query(replace, { id, before: claimed, after: next })).length > 0 ? 'kept' : 'other';
    } catch {
      if (pause !== null) await wait(pause);
    }
  }
  return 'not';
}

/** A token that ends this soon may have ended when it arrives. */
const margin = 60 * seconds;

/** Creates the only access to integration configs' tokens. A provider may take `timeoutMs` for one answer. */
export function createConnections({
  cipher,
  oauth,
  timeoutMs,
}: {
  cipher: TokenCipher;
  oauth: OAuthProviders;
  timeoutMs: number;
}): Connections {
  const notConnected = (id: string) =>
    new Problem('INTEGRATION_NOT_CONNECTED', `The integration config ${id} is not connected.`);

  /**
   * Returns the config's token, valid for some time. Refreshes it also when it equals `refused`, the ciphertext of one
   * that the provider has refused.
   */
  async function take(
    db: TenantDatabase,
    { id, provider, tokenCiphertext }: Connectable,
    refused?: string,
  ): Promise<Held> {
    const sealed = (token: StoredToken) => cipher.seal(writeToken(token), id);
    const giveUpAt = Date.now() + 2 * timeoutMs;
    const current = async () => (await db.query(ciphertextOf, { id }))[0]?.ciphertext ?? null;
    for (let ciphertext = tokenCiphertext; ; ciphertext = await current()) {
      const text = ciphertext === null ? null : cipher.open(ciphertext, id);
      if (ciphertext === null || text === null) throw notConnected(id);
      const stored = readToken(text);
      const ended =
        ciphertext === refused || (stored.expiresAt !== null && stored.expiresAt - margin < db.now().getTime());
      if (stored.refresh === null || (!ended && stored.refreshingUntil === null)) {
        return { token: stored.access, ciphertext, renewable: stored.refresh !== null };
      }
      const signIn = oauth.get(provider);
      if (!signIn) {
        // This would affect all tenants if the service lost its client's secret, so no token is deleted for it.
        throw new Problem(
          'INTEGRATION_NOT_CONNECTED',
          `The token has ended, and signing in to ${provider} is not set up here.`,
        );
      }
      if (stored.refreshingUntil !== null && stored.refreshingUntil > db.now().getTime()) {
        if (Date.now() > giveUpAt) throw providerProblems(signIn.label).late();
        await wait(100);
        continue;
      }
      // One refresh at a time on all replicas, because a refresh token may be valid for one use only.
      const claimed = sealed({ ...stored, refreshingUntil: db.now().getTime() + timeoutMs + 5 * seconds });
      if ((await db.query(replace, { id, before: ciphertext, after: claimed })).length === 0) continue;
      const renewed = await signIn.refresh(stored.refresh).catch(async (error: unknown) => {
        if (error instanceof TokenRefused) await lose(db, id, claimed);
        else await db.query(replace, { id, before: claimed, after: ciphertext });
        throw error;
      });
      // The old refresh token may be used up from here on, so it is never put back.
      const next = sealed({ ...renewed, refresh: renewed.refresh ?? stored.refresh });
      if ((await keep(db, id, claimed, next)) === 'other') continue;
      return { token: renewed.access, ciphertext: next, renewable: true };
    }
  }

  return {
    async use(db, config, work) {
      if (config.tokenCiphertext === null && !needsConnection(config.provider)) return work(null);
      let held = await take(db, config);
      try {
        return await work(held.token);
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        if (!held.renewable) {
          await lose(db, config.id, held.ciphertext);
          throw error;
        }
      }
      // Access tokens are revoked before their time too. The refresh tells whether the consent still holds.
      held = await take(db, { ...config, tokenCiphertext: held.ciphertext }, held.ciphertext);
      try {
        return await work(held.token);
      } catch (error) {
        if (error instanceof TokenRefused) await lose(db, config.id, held.ciphertext);
        throw error;
      }
    },
  };
}
