import { useQuery } from 'urql';
import { type DuplicateKind, MergeParticipantDocument, MergeUserDocument } from '../../graph/generated/graphql.ts';
import { type Problem, problemOf } from '../../graph/problem.ts';
import { type Party, partyOfParticipant, partyOfUser } from '../../parts/party.tsx';

/** Reads one of those who are to be merged. `party` is null where nobody has the id. */
export function useParty(
  kind: DuplicateKind,
  id: string,
): { party: Party | null; fetching: boolean; problem: Problem | null } {
  const isUser = kind === 'EXTERNAL_USER';
  const [user] = useQuery({ query: MergeUserDocument, variables: { id }, pause: !isUser });
  const [participant] = useQuery({ query: MergeParticipantDocument, variables: { id }, pause: isUser });
  const { fetching, error } = isUser ? user : participant;
  const [foundUser, foundParticipant] = [user.data?.externalUser, participant.data?.participant];
  const ofUser = foundUser ? partyOfUser(foundUser) : null;
  const ofParticipant = foundParticipant ? partyOfParticipant(foundParticipant) : null;
  return { party: isUser ? ofUser : ofParticipant, fetching, problem: error ? problemOf(error) : null };
}
