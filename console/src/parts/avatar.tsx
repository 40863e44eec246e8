import { Bot, Users } from 'lucide-react';
import { useState } from 'react';

type AvatarProps = { name: string; url?: string | null | undefined; kind?: string | null; size?: number };

const initials = (name: string) =>
  name
    .split(/\s+/)
    .filter((word) => /^\p{L}/u.test(word))
    .map((word) => [...word][0])
    .filter((_, index, all) => index === 0 || index === all.length - 1)
    .join('')
    .toUpperCase();

const hueOf = (name: string) => [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 8, 7);

/** A picture, or initials where there is none. The name stands beside it, so it is decoration. */
export function Avatar({ name, url, kind, size = 32 }: AvatarProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const scale = size >= 56 ? 'avatar-large' : size <= 24 ? 'avatar-small' : '';
  if (url && broken !== url)
    return (
      <img
        className={`avatar ${scale}`}
        src={url}
        alt=""
        width={size}
        height={size}
        loading="lazy"
        onError={() => setBroken(url)}
      />
    );
  return (
    <span className={`avatar avatar-${hueOf(name)} ${scale}`} aria-hidden="true">
      {kind === 'GROUP' ? <Users size="55%" /> : kind === 'AI_AGENT' ? <Bot size="55%" /> : initials(name) || '?'}
    </span>
  );
}
