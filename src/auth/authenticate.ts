import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import type { CredentialKey } from '../database/generated/client.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import { SignInRefused } from './failed-sign-ins.ts';
import type { Claims } from './jwt.ts';
import type { LastUse } from './last-use.ts';
import { agentKeyScopes, isScope } from './scopes.ts';
import { matches, prefixOf } from './secrets.ts';
import type { Viewer } from './viewer.ts';

const credential = columns('CredentialKey', 'k');
const keyByPrefix = globalStatement(credential)`
  select ${credential} from credential_key k where k.prefix = ${parameter('prefix', text)}`;
const known = columns('Tenant', 't', ['id']);
/** The tenant of that id: no row where there is none. */
export const tenantById = globalStatement(known)`select ${known} from tenant t where t.id = ${parameter('id', uuid)}`;

/** Turns a request's headers into its viewer. */
export interface Authenticator {
  /** Throws UNAUTHENTICATED when there is no credential, more than one, or one that does not verify. */
  authenticate(headers: { get(name: string): string | null | undefined }): Promise<Viewer>;
  /** Answers without waiting when the credential is cached. Returns null when it has to be verified, or is refused. */
  remembered(headers: { get(name: string): string | null | undefined }): Viewer | null;
  /** Drops a revoked key from the cache. */
  forget(keyId: string): void;
}

const seconds = 1_000;
/** The bound of the cache in bytes: tokens with their claims. */
const tokenBytes = 16_000_000;

function credentialOf(
  authorization: string | null | undefined,
): { scheme: 'bearer' | 'accesskey'; value: string } | null {
  const [, scheme, value] = /^(bearer|accesskey) +(\S+)$/i.exec(authorization ?? '') ?? [];
  return scheme && value ? { scheme: scheme.toLowerCase() as 'bearer' | 'accesskey', value } : null;
}

/** Whether a credential that has verified is still good: a token always ends, a key only if it was made so. */
const isCurrent = ({ expiresAt }: Viewer) => expiresAt === null || expiresAt.getTime() > Date.now();

/** Whether a stored key was revoked or has expired. */
const hasEnded = ({ revokedAt, expiresAt }: Pick<CredentialKey, 'revokedAt' | 'expiresAt'>) =>
  revokedAt !== null || (expiresAt !== null && expiresAt.getTime() <= Date.now());

const ofKind = (viewer: Viewer | undefined, kind: Viewer['kind']): Viewer | null =>
  viewer?.kind === kind && isCurrent(viewer) ? viewer : null;

/**
 * Creates the only way to authenticate. Verified credentials are cached for a short time, so a busy client costs
 * neither a signature check nor a query a request. A revoked key leaves the cache when the revocation is announced.
 */
export function createAuthenticator(
  database: Database,
  verifyJwt: (token: string) => Promise<Claims>,
  lastUse?: Pick<LastUse, 'note'>,
): Authenticator {
  // A token can be as long as a header. Keys have one length.
  const tokens = new LRUCache<string, Viewer>({
    max: 5_000,
    ttl: 60 * seconds,
    maxSize: tokenBytes,
    sizeCalculation: (_, token) => 1_000 + 4 * token.length,
  });
  const keys = new LRUCache<string, Viewer>({ max: 5_000, ttl: 30 * seconds });
  const tenants = new LRUCache<string, true>({ max: 5_000 });
  let revocations = 0;

  async function byToken(token: string): Promise<Viewer> {
    const known = tokens.get(token);
    if (known?.expiresAt && known.expiresAt.getTime() > Date.now()) return known;
    const claims = await verifyJwt(token);
    if (!tenants.has(claims.tenantId)) {
      const [tenant] = await database.query(tenantById, { id: claims.tenantId });
      if (!tenant) throw new Problem('UNAUTHENTICATED', 'The token does not verify.');
      tenants.set(claims.tenantId, true);
    }
    const viewer: Viewer = {
      kind: 'USER',
      tenantId: claims.tenantId,
      id: claims.subject,
      agentId: null,
      scopes: claims.scopes,
      expiresAt: claims.expiresAt,
    };
    tokens.set(token, viewer);
    return viewer;
  }

  async function byKey(secret: string, kind: CredentialKey['kind']): Promise<Viewer> {
    const known = keys.get(secret);
    if (known && isCurrent(known)) {
      if (known.kind === kind) return known;
      throw new Problem('UNAUTHENTICATED', 'The key does not verify.');
    }
    const revocationsBefore = revocations;
    const prefix = prefixOf(secret);
    // Nothing keeps a prefix from coming twice in different tenants.
    const found = prefix ? await database.query(keyByPrefix, { prefix }) : [];
    const key = found.find(({ secretHash }) => matches(secret, secretHash)) ?? found[0];
    // A key that has ended shows whose it was, and no more.
    if (!key || hasEnded(key) || key.kind !== kind || !matches(secret, key.secretHash))
      throw new SignInRefused('The key does not verify.', key?.tenantId ?? null);
    lastUse?.note(key);
    const granted = key.scopes.filter(isScope);
    const viewer: Viewer = {
      kind,
      tenantId: key.tenantId,
      id: key.id,
      agentId: key.agentId,
      scopes: new Set(kind === 'AGENT_KEY' ? granted.filter((scope) => agentKeyScopes.includes(scope)) : granted),
      expiresAt: key.expiresAt,
    };
    // A key that was revoked while it was being read must not enter the cache.
    if (revocations === revocationsBefore) keys.set(secret, viewer);
    return viewer;
  }

  return {
    async authenticate(headers) {
      const authorization = headers.get('authorization');
      const agentSecret = headers.get('agent-secret-key');
      if (!authorization && !agentSecret) throw new Problem('UNAUTHENTICATED', 'This needs a credential.');
      if (authorization && agentSecret) throw new Problem('UNAUTHENTICATED', 'Send one credential, not two.');
      if (agentSecret) return byKey(agentSecret, 'AGENT_KEY');
      const credential = credentialOf(authorization);
      if (!credential)
        throw new Problem('UNAUTHENTICATED', 'The Authorization header is neither "Bearer" nor "AccessKey".');
      return credential.scheme === 'bearer' ? byToken(credential.value) : byKey(credential.value, 'ACCESS_KEY');
    },
    remembered(headers) {
      const authorization = headers.get('authorization');
      const agentSecret = headers.get('agent-secret-key');
      if (agentSecret) return authorization ? null : ofKind(keys.get(agentSecret), 'AGENT_KEY');
      const credential = credentialOf(authorization);
      if (!credential) return null;
      if (credential.scheme === 'accesskey') return ofKind(keys.get(credential.value), 'ACCESS_KEY');
      const viewer = tokens.get(credential.value);
      return viewer?.expiresAt && viewer.expiresAt.getTime() > Date.now() ? viewer : null;
    },
    forget(keyId) {
      revocations += 1;
      for (const [secret, viewer] of keys.entries()) if (viewer.id === keyId) keys.delete(secret);
    },
  };
}
