import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts providers' tokens in the database. */
export interface TokenCipher {
  /** Encrypts a token for one integration config. */
  seal(token: string, configId: string): string;
  /** Decrypts a token. Null when it was encrypted with another key or for another config. */
  open(sealed: string, configId: string): string | null;
}

const version = 'v1';
const ivLength = 12;
const tagLength = 16;

/** Creates a cipher (AES-256-GCM) with a key that is derived from the service's secret key. */
export function createTokenCipher(secretKey: string): TokenCipher {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'rollcall provider tokens', 32));
  return {
    seal(token, configId) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(configId));
      const sealed = Buffer.concat([iv, cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${sealed.toString('base64url')}`;
    },
    open(sealed, configId) {
      const bytes = Buffer.from(sealed.slice(version.length + 1), 'base64url');
      if (!sealed.startsWith(`${version}.`) || bytes.length < ivLength + tagLength) return null;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivLength)).setAAD(
          Buffer.from(configId),
        );
        decipher.setAuthTag(bytes.subarray(-tagLength));
        return Buffer.concat([decipher.update(bytes.subarray(ivLength, -tagLength)), decipher.final()]).toString(
          'utf8',
        );
      } catch {
        return null;
      }
    },
  };
}
