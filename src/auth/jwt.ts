import { createRemoteJWKSet, errors, importSPKI, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { asUuid } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
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

/** The keys of a set fetched from that address. One that can't be had says nothing about the token: UNAVAILABLE. */
function remoteKeys(url: string): JWTVerifyGetKey {
  const aboutTheToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 3_000 });
  return (header, token) =>
    keys(header, token).catch((error: unknown) => {
      if (aboutTheToken.some((kind) => error instanceof kind)) throw error;
      throw new Problem('UNAVAILABLE', 'Tokens cannot be verified at the moment.', { retryAfter: 5, cause: error });
    });
}

/** A function from a bearer token to its claims. Throws UNAUTHENTICATED, or UNAVAILABLE while the key set can't be fetched. */
export function jwtVerifier(settings: JwtSettings): (token: string) => Promise<Claims> {
  const options = {
    issuer: settings.issuer,
    audience: settings.audience,
    algorithms: [...settings.algorithms],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: 5,
  };
  const keys = 'jwksUrl' in settings.key ? remoteKeys(settings.key.jwksUrl) : oneKey(settings.key.publicKeyPem);

  return async (token) => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      if (error instanceof Problem) throw error;
      if (error instanceof errors.JWTExpired) throw refused('The token has expired.', error);
      throw refused('The token does not verify.', error);
    });
    // A token made for something else, such as an ID token under another type, is no access token.
    if (protectedHeader.typ !== undefined && !/^(application\/)?(at\+)?jwt$/i.test(protectedHeader.typ))
      throw refused('The token is of another type.');
    if (typeof payload.sub !== 'string' || payload.sub === '') throw refused('The token names nobody.');
    const tenantId = typeof payload['tenant'] === 'string' ? asUuid(payload['tenant']) : null;
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
