import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { scopes } from './scopes.ts';

/** Keys for development: created once, kept beside the embedded database, refused in production. */
export type DevelopmentKeys = { secretKey: string; privateKey: KeyObject; publicKeyPem: string };

const fileOf = (dataDir: string) => join(dataDir, 'development-keys.json');

/** Reads the keys of a data folder, or creates them. Two processes that start at the same time get the same keys. */
export function developmentKeys(dataDir: string): DevelopmentKeys {
  mkdirSync(dataDir, { recursive: true });
  const made = {
    secretKey: randomBytes(32).toString('base64url'),
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  try {
    writeFileSync(fileOf(dataDir), `${JSON.stringify(made, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readKeys(dataDir);
}

/** Reads the keys of a data folder. Returns null where no service has created any. */
export const existingDevelopmentKeys = (dataDir: string): DevelopmentKeys | null =>
  existsSync(fileOf(dataDir)) ? readKeys(dataDir) : null;

function readKeys(dataDir: string): DevelopmentKeys {
  const kept = JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as { secretKey: string; privateKey: string };
  const privateKey = createPrivateKey(kept.privateKey);
  return {
    secretKey: kept.secretKey,
    privateKey,
    publicKeyPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Creates a token for the demo tenant with every scope. It is valid for a day. */
export function developmentToken(
  keys: DevelopmentKeys,
  tenantId: string,
  jwt: { issuer: string; audience: string },
): Promise<string> {
  return new SignJWT({ tenant: tenantId, scope: scopes.join(' ') })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
    .setSubject('developer')
    .setIssuer(jwt.issuer)
    .setAudience(jwt.audience)
    .setIssuedAt()
    .setExpirationTime('24h')
    .sign(keys.privateKey);
}
