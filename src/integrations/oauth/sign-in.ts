import type { Viewer } from '../../auth/viewer.ts';
import type { TenantDatabase } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { nothing, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { nullable, text, textOf, uuid } from '../../database/sql/types.ts';
import { announceConfig } from '../../directory/participants/announce.ts';
import { Problem } from '../../errors/catalogue.ts';
import { configNotFound } from '../configs.ts';
import type { TokenCipher } from '../token-cipher.ts';
import type { OAuthProvider, OAuthProviders } from './provider.ts';
import { makeProof, makeState } from './state.ts';
import { writeToken } from './stored-token.ts';

/** What the browser brings back from the provider. */
export type Return = { stateHash: string; code: string | null; error: string | null };

/** What was connected, in its owner's words. */
export type SignedIn = { label: string; workspaceName: string | null; configName: string; tenantName: string };

/** Connects integration configs by signing in to their providers. */
export interface SignIns {
  /**
   * Returns the URL for the operator's browser, valid for ten minutes and one return. Throws
   * INTEGRATION_CONFIG_NOT_FOUND or UNPROCESSABLE.
   */
  begin(db: TenantDatabase, viewer: Viewer, input: { id: string }): Promise<string>;
  /**
   * Uses what the browser brought back, once, and connects the config. Throws a Problem whose detail anybody may see.
   */
  complete(db: TenantDatabase, provider: string, given: Return): Promise<SignedIn>;
}

const id = parameter('id', uuid);
const stateHash = parameter('stateHash', text);

const configOf = statement(rows({ provider: text }))`
  select i.provider from integration_config i where i.tenant_id = ${tenant} and i.id = ${id}`;
// Only the database's clock measures the ten minutes.
const remember = statement(nothing)`
  insert into oauth_state (tenant_id, state_hash, integration_config_id, viewer_kind, viewer_id, verifier_ciphertext, expires_at)
  select i.tenant_id, ${stateHash}, i.id, ${parameter('viewerKind', textOf<Viewer['kind']>())}, ${parameter('viewerId', text)},
    ${parameter('verifierCiphertext', nullable(text))}, now() + interval '10 minutes'
  from integration_config i where i.tenant_id = ${tenant} and i.id = ${id}`;
const forgetExpired = statement(
  nothing,
)`delete from oauth_state s where s.tenant_id = ${tenant} and s.expires_at < now()`;

// Deleted when it is read: of two returns with the same state one finds it.
const claim = statement(
  rows({
    configId: uuid,
    provider: text,
    configName: text,
    tenantName: text,
    viewerKind: textOf<Viewer['kind']>(),
    viewerId: text,
    verifierCiphertext: nullable(text),
  }),
)`with s as (delete from oauth_state o where o.tenant_id = ${tenant} and o.state_hash = ${stateHash} and o.expires_at >= now() returning o.*)
   select i.id as "configId", i.provider, i.name as "configName", t.name as "tenantName", s.viewer_kind as "viewerKind",
     s.viewer_id as "viewerId", s.verifier_ciphertext as "verifierCiphertext"
   from s join integration_config i on i.tenant_id = ${tenant} and i.id = s.integration_config_id join tenant t on t.id = i.tenant_id`;
const standingKey = statement(rows({ id: uuid }))`
  select k.id from credential_key k where k.tenant_id = ${tenant} and k.id = ${id} and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > now())
    and k.scopes && array['integrations:write', 'admin']`;
const connect = statement(rows({ id: uuid }))`
  update integration_config i set token_ciphertext = ${parameter('tokenCiphertext', text)}, connected_at = now(),
    workspace_name = ${parameter('workspaceName', nullable(text))}, 
    workspace_id = ${parameter('workspaceId', nullable(text))}, disconnected_reason = null
  where i.tenant_id = ${tenant} and i.id = ${id} returning i.id`;

/** Creates the rules. Browsers reach the service at `publicUrl`. */
export function createSignIns({
  providers,
  cipher,
  publicUrl,
}: {
  providers: OAuthProviders;
  cipher: TokenCipher;
  publicUrl: () => string;
}): SignIns {
  const redirectUri = ({ provider }: OAuthProvider) => `${publicUrl()}/oauth/${provider}/callback`;

  function signInTo(provider: string): OAuthProvider {
    const known = providers.get(provider);
    if (known) return known;
    throw new Problem(
      'UNPROCESSABLE',
      known === null
        ? `Signing in to ${provider} is not set up here: the service has no client id of it.`
        : `${provider} has no signing in: connect it with its token (connectIntegration), where it needs one.`,
    );
  }

  return {
    async begin(db, viewer, input) {
      const id = asUuid(input.id);
      const [config] = id ? await db.query(configOf, { id }) : [];
      if (!id || !config) throw configNotFound(input.id);
      const signIn = signInTo(config.provider);
      const { state, stateHash } = makeState(db.tenantId);
      const proof = signIn.pkce ? makeProof() : null;
      await db.transaction(async (tx) => {
        await tx.query(forgetExpired);
        const verifierCiphertext = proof && cipher.seal(proof.verifier, stateHash);
        await tx.query(remember, { id, stateHash, viewerKind: viewer.kind, viewerId: viewer.id, verifierCiphertext });
      });
      return signIn.authorizationUrl({ state, redirectUri: redirectUri(signIn), challenge: proof?.challenge ?? null });
    },

    async complete(db, provider, { stateHash, code, error }) {
      const [begun] = await db.query(claim, { stateHash });
      if (!begun || begun.provider !== provider) throw stateUnknown();
      const signIn = signInTo(provider);
      if (error === 'access_denied') {
        throw new Problem('FORBIDDEN', `${signIn.label} was not connected: the sign-in was declined.`);
      }
      if (!code) throw new Problem('BAD_USER_INPUT', `${signIn.label} sent no sign-in back. Begin again.`);
      // A key that was revoked meanwhile must not complete the sign-in that it started.
      if (begun.viewerKind !== 'USER' && (await db.query(standingKey, { id: begun.viewerId })).length === 0) {
        throw new Problem(
          'FORBIDDEN',
          'The person or program that began this sign-in may not connect integrations any more.',
        );
      }
      const verifier = begun.verifierCiphertext && cipher.open(begun.verifierCiphertext, stateHash);
      if (signIn.pkce && !verifier) throw stateUnknown();
      const { token, workspaceName, workspaceId } = await signIn.exchange({
        code,
        redirectUri: redirectUri(signIn),
        verifier,
      });
      const tokenCiphertext = cipher.seal(writeToken(token), begun.configId);
      const connection = { id: begun.configId, tokenCiphertext, workspaceName, workspaceId };
      const [connected] = await db.query(connect, connection);
      if (!connected) throw configNotFound(begun.configId);
      announceConfig(db, begun.configId);
      return { label: signIn.label, workspaceName, configName: begun.configName, tenantName: begun.tenantName };
    },
  };
}

/** Returns the error for a state that is invalid, used or expired. */
export const stateUnknown = () =>
  new Problem('BAD_USER_INPUT', 'This sign-in is not known here: it has expired, or was used before. Begin again.');
