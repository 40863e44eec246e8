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

/** How bearer tokens are verified. The key comes from one of the two. */
export type JwtSettings = {
  issuer: string;
  audience: string;
  algorithms: readonly string[];
  key: { jwksUrl: string } | { publicKeyPem: string };
};

/** What a verified token says. */
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

/** How old a key set may become before a token waits for the next, and how early it is fetched in the background, in milliseconds. */
const staleMs = 10 * 60_000;
const refreshMs = 5 * 60_000;
/** How long the last known keys serve while the set cannot be fetched, in milliseconds. docs/operations.md says so to operators. */
export const outageBoundMs = 24 * 60 * 60_000;
const retryMs = 15_000;
const fetchTimeoutMs = 3_000;

/**
 * The keys of a set fetched from that address. While it cannot be fetched, the keys that are known serve on, for a day at most. A token of
 * a key that is not known then, or any token when none are, is answered UNAVAILABLE: the outage says nothing about the token.
 */
function remoteKeys(url: string, report: KeySetReport): JWTVerifyGetKey {
  const aboutTheToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  // The library says here when it last fetched the set.
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
  /** Fetches the set anew, if that was not tried a short time ago; never throws. */
  const refresh = async () => {
    if (Date.now() - triedAt < retryMs) return;
    triedAt = Date.now();
    await keys.reload().then(arrived, failed);
  };

  return async (header, token) => {
    const age = cache['uat'] === undefined ? 0 : Date.now() - cache['uat'];
    if (age > refreshMs) {
      const refreshed = refresh();
      // A key that was withdrawn ends with the next set. In an outage there is none to wait for.
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
      throw new Problem('UNAVAILABLE', 'Tokens cannot be verified at the moment.', { retryAfter: 5, cause: error });
    }
  };
}

const tenantOf = ({ tenant }: JWTPayload): string | null => (typeof tenant === 'string' ? asUuid(tenant) : null);

/** Told when a key set cannot be fetched any more, and when it can again. */
export type KeySetReport = { away(error: unknown): void; back(): void };
const silent: KeySetReport = { away: () => {}, back: () => {} };

/** A function from a bearer token to its claims. Throws UNAUTHENTICATED, or UNAVAILABLE while the key set can't be fetched. */
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
    // A token made for something else, such as an ID token under another type, is no access token.
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
