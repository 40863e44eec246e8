import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps providers' tokens unreadable in the database. */
export interface TokenCipher {
  /** The token, encrypted for that integration config only. */
  seal(token: string, configId: string): string;
  /** The token again; null when it was sealed under another key or for another config. */
  open(sealed: string, configId: string): string | null;
}

const version = 'v1';
const ivLength = 12;
const tagLength = 16;

/** A cipher (AES-256-GCM) whose key is derived from the service's secret key. */
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
