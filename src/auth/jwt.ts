import {
  createRemoteJWKSet,
  errors,
  importSPKI,
  type JWKSCacheInput,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwksCache,
  jwtVerify,
} from 'jose';
import { asUuid } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { SignInRefused } from './failed-sign-ins.ts';
import { isScope, type Scope } from './scopes.ts';

/** How bearer tokens are verified. The key comes from exactly one of the two. */
export type JwtSettings = {
  issuer: string;
  audience: string;
  algorithms: readonly string[];
  key: { jwksUrl: string } | { publicKeyPem: string };
};

/** The claims of a verified token. */
export type Claims = { subject: string; tenantId: string; scopes: ReadonlySet<Scope>; expiresAt: Date };

const refused = (detail: string, cause?: unknown) => new Problem('UNAUTHENTICATED', detail, { cause });

function oneKey(pem: string): JWTVerifyGetKey {
  const byAlgorithm = new Map<string, Awaited<ReturnType<typeof importSPKI>>>();
  return async ({ alg }) => {
    const known = byAlgorithm.get(alg);
    if (known) return known;
    const key = await importSPKI(pem, alg);
    byAlgorithm.set(alg, key);
    return key;
  };
}

/**
 * The age at which a token waits for a new key set, and the time before it at which the set is fetched in the
 * background.
 */
const staleMs = 10 * 60_000;
const refreshMs = 5 * 60_000;
/** How long the last known keys are used while the set cannot be fetched. docs/operations.md says so to operators. */
const outageBoundMs = 24 * 60 * 60_000;
const retryMs = 15_000;
const fetchTimeoutMs = 3_000;

/**
 * The keys of a set that is fetched from an address. While it cannot be fetched, the known keys are used for a day at
 * most. Then a token with an unknown key, or any token when no keys are known, is answered UNAVAILABLE: the outage says
 * nothing about the token.
 */
function remoteKeys(url: string, report: KeySetReport): JWTVerifyGetKey {
  const aboutTheToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  // The library stores here when it last fetched the set.
  const cache: JWKSCacheInput = {};
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: fetchTimeoutMs,
    cacheMaxAge: outageBoundMs,
    [jwksCache]: cache,
  });
  let seen: number | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let away = false;

  const arrived = () => {
    if (cache['uat'] === seen) return;
    seen = cache['uat'];
    if (away) report.back();
    away = false;
  };
  const failed = (error: unknown) => {
    if (!away) report.away(error);
    away = true;
  };
  /** Fetches the set again unless that was tried a short time ago. Never throws. */
  const refresh = async () => {
    if (Date.now() - triedAt < retryMs) return;
    triedAt = Date.now();
    await keys.reload().then(arrived, failed);
  };

  return async (header, token) => {
    const age = cache['uat'] === undefined ? 0 : Date.now() - cache['uat'];
    if (age > refreshMs) {
      const refreshed = refresh();
      // A withdrawn key ends with the next set. During an outage there is no next set to wait for.
      if (age > staleMs && !away) await refreshed;
    }
    try {
      const key = await keys(header, token);
      arrived();
      return key;
    } catch (error) {
      if (aboutTheToken.some((kind) => error instanceof kind)) {
        arrived();
        throw error;
      }
      failed(error);
      throw new Problem('UNAVAILABLE', 'Tokens cannot be verified now.', { retryAfter: 5, cause: error });
    }
  };
}

const tenantOf = ({ tenant }: JWTPayload): string | null => (typeof tenant === 'string' ? asUuid(tenant) : null);

/** Called when a key set cannot be fetched any more, and when it can again. */
export type KeySetReport = { away(error: unknown): void; back(): void };
const silent: KeySetReport = { away: () => {}, back: () => {} };

/**
 * Returns the function that verifies a bearer token and returns its claims. It throws UNAUTHENTICATED, or UNAVAILABLE
 * while the key set cannot be fetched.
 */
export function jwtVerifier(settings: JwtSettings, report: KeySetReport = silent): (token: string) => Promise<Claims> {
  const options = {
    issuer: settings.issuer,
    audience: settings.audience,
    algorithms: [...settings.algorithms],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: 5,
  };
  const keys = 'jwksUrl' in settings.key ? remoteKeys(settings.key.jwksUrl, report) : oneKey(settings.key.publicKeyPem);

  return async (token) => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      if (error instanceof Problem) throw error;
      // Its signature was right, so what it says of its tenant is.
      if (error instanceof errors.JWTExpired)
        throw new SignInRefused('The token has expired.', tenantOf(error.payload), error);
      throw refused('The token does not verify.', error);
    });
    // A token of another type, for example an ID token, is not an access token.
    if (protectedHeader.typ !== undefined && !/^(application\/)?(at\+)?jwt$/i.test(protectedHeader.typ))
      throw refused('The token is of another type.');
    if (typeof payload.sub !== 'string' || payload.sub === '') throw refused('The token names nobody.');
    const tenantId = tenantOf(payload);
    if (!tenantId) throw refused('The token names no tenant.');
    const scope = payload['scope'];
    const granted = typeof scope === 'string' ? scope.split(' ').filter(isScope) : [];
    return {
      subject: payload.sub,
      tenantId,
      scopes: new Set(granted),
      expiresAt: new Date((payload.exp as number) * 1000),
    };
  };
}
