/**
 * Returns the media types that a client accepts, in its order. Entries with a character set other than UTF-8 are left
 * out.
 */
function acceptedTypes(accept: string | null | undefined): string[] {
  return (accept || '*/*')
    .replace(/\s/g, '')
    .toLowerCase()
    .split(',')
    .map((wish) => wish.split(';'))
    .filter((parts) => parts.every((part) => !part.includes('charset=') || part === 'charset=utf-8'))
    .map(([type = '']) => type);
}

export type JsonType = 'application/graphql-response+json' | 'application/json';

/**
 * Returns the JSON type of the answer as Yoga chooses it: by the first entry that one of the two matches. Null where a
 * client asks for streams, for another character set, or for nothing that is served. Yoga answers these.
 */
export function commonJsonType(accept: string | undefined): JsonType | null {
  if (accept !== undefined && /event-stream|multipart|charset/i.test(accept)) return null;
  for (const type of acceptedTypes(accept)) {
    if (type === 'application/graphql-response+json') return type;
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'application/json';
  }
  return null;
}

/** Returns whether a client accepts server-sent events. */
export const takesEventStream = (accept: string | null): boolean =>
  acceptedTypes(accept).some((type) => type === 'text/event-stream' || type === 'text/*' || type === '*/*');

/** Returns a content type with its media type in lower case, as Yoga compares it. Its parameters stay as they are. */
export const plainMediaType = (type: string): string =>
  /^[a-z/+.-]*(;|$)/.test(type) ? type : type.replace(/^[^;]*/, (media) => media.trim().toLowerCase());

/**
 * Returns an Accept header with its entries in the order of their weights, which Yoga does not read. What is not
 * acceptable (`q=0`) is left out, unless there is nothing else.
 */
export function byWeight(accept: string): string {
  if (!/;\s*q=/i.test(accept)) return accept;
  const weightOf = (entry: string) => Number(/;\s*q=([\d.]+)/i.exec(entry)?.[1] ?? 1);
  const entries = accept.split(',').filter((entry) => weightOf(entry) !== 0);
  if (entries.length === 0) return accept;
  return entries.sort((one, other) => weightOf(other) - weightOf(one)).join(',');
}
