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

/** An integration config as far as asking its provider goes. */
export type Connectable = { id: string; provider: string; tokenCiphertext: string | null };

/** Lets a provider be asked with an integration config's token. */
export interface Connections {
  /**
   * Runs the work with the config's token, refreshed if it has ended; with null where the provider needs none and there
   * is none. When the provider refuses the token, the config is not connected any more, unless it was connected again
   * meanwhile. Throws INTEGRATION_NOT_CONNECTED, and what the work throws. Not to be used in a transaction.
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

// Whoever changes a token says which one it means: what came in between stays.
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

/** How long to wait before each further try to store a renewed token, in milliseconds. */
const storePauses = [50, 250, 1_000];

/**
 * Stores a renewed token in place of the claim to renew it; 'other' when something else stands there, 'not' when the
 * database doesn't let it.
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

/** Makes the one way to integration configs' tokens. `timeoutMs` is how long a provider may take for one answer. */
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
   * The config's token, good for a while; refreshed too when it is `refused`, the ciphertext of one that the provider
   * did not take.
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
        // Of all tenants at once, should the service lose its client's secret: no reason to forget a token.
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
      // One at a time, on whichever replica: a refresh token may be good for one use only.
      const claimed = sealed({ ...stored, refreshingUntil: db.now().getTime() + timeoutMs + 5 * seconds });
      if ((await db.query(replace, { id, before: ciphertext, after: claimed })).length === 0) continue;
      const renewed = await signIn.refresh(stored.refresh).catch(async (error: unknown) => {
        if (error instanceof TokenRefused) await lose(db, id, claimed);
        else await db.query(replace, { id, before: claimed, after: ciphertext });
        throw error;
      });
      // The old refresh token may be of no use from here on: whatever happens, it is not put back.
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
      // Access tokens are revoked before their time too; what is asked then is whether the consent still stands.
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
