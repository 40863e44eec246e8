import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { FindDocument, WhoIsDocument } from '../../graph/generated/graphql.ts';
import { identifierOf } from './identifier.ts';

export const shortest = 2;

/** Searches what the viewer may read by a part of what a person would type, and by the identifier if it is one. */
export function useSearch(typed: string) {
  const query = typed.trim();
  const by = identifierOf(query);
  const scopes = {
    participants: useMay('PARTICIPANTS_READ'),
    users: useMay('USERS_READ'),
    conversations: useMay('CONVERSATIONS_READ'),
  };
  const [found, again] = useQuery({
    query: FindDocument,
    variables: { query, ...scopes },
    pause: [...query].length < shortest || [...query].length > 255,
  });
  const [identity] = useQuery({
    query: WhoIsDocument,
    variables: { by: by ?? { email: '' } },
    pause: by === null,
  });
  return { found, identity: by ? identity : null, again };
}
