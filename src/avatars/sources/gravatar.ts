import { createHash } from 'node:crypto';
import { providerProblems } from '../../egress/provider-problems.ts';
import { emailKey } from '../../values/email-address.ts';
import type { AvatarSource } from './source.ts';

/**
 * Creates the source of Gravatar's pictures for e-mail addresses. Gravatar gets a digest of the address and needs no
 * token.
 */
export function gravatarAvatarSource({ url }: { url: string }): AvatarSource {
  const base = url.replace(/\/*$/, '/');
  return {
    provider: 'email',
    async locate({ address }) {
      const email = emailKey(address);
      if (email === null) throw providerProblems('Gravatar').noPicture();
      const digest = createHash('sha256').update(email).digest('hex');
      // Without a picture of the person it must answer 404 instead of drawing one.
      return { url: `${base}${digest}?d=404&s=512` };
    },
  };
}
