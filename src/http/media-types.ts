/**
 * The media types that a client takes, in its order. Only UTF-8 is served: wishes for another character set are left
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
 * The JSON type to answer in, by the first wish that one of the two fulfils, as Yoga chooses it. Null where a client
 * wishes for streams, for another character set, or for nothing that is served: that is Yoga's to settle.
 */
export function commonJsonType(accept: string | undefined): JsonType | null {
  if (accept !== undefined && /event-stream|multipart|charset/i.test(accept)) return null;
  for (const type of acceptedTypes(accept)) {
    if (type === 'application/graphql-response+json') return type;
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'application/json';
  }
  return null;
}

/** Whether a client takes server-sent events. */
export const takesEventStream = (accept: string | null): boolean =>
  acceptedTypes(accept).some((type) => type === 'text/event-stream' || type === 'text/*' || type === '*/*');
