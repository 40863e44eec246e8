import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { problemOf } from '../../graph/problem.ts';
import { useDebounced } from '../../parts/debounced.ts';
import { ConversationRow, ParticipantRow, UserRow } from '../../parts/rows.tsx';
import { byAnything, SearchField } from '../../parts/search-field.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted } from '../../parts/words.ts';
import { Memberships } from './memberships.tsx';
import { shortest, useSearch } from './search.ts';

const route = getRouteApi('/find');

/** Everybody and everything that a text leads to. */
export function Find() {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(q);
  const settled = useDebounced(typed);
  useTitle(q ? `“${q}”` : 'Find');
  useEffect(() => {
    if (settled.trim() !== q) navigate({ search: settled.trim() ? { q: settled.trim() } : {}, replace: true });
  }, [settled, q, navigate]);
  const { found, identity, again } = useSearch(q);
  const participants = identity?.data?.whoIs.participants ?? found.data?.participantsConnection?.nodes ?? [];
  const users = identity?.data?.whoIs.externalUsers ?? found.data?.externalUsersConnection?.nodes ?? [];
  const conversations = found.data?.conversationsConnection?.nodes ?? [];
  const memberships = identity?.data?.whoIs.conversationParticipants ?? [];
  const count = participants.length + users.length + conversations.length + memberships.length;
  const asked = q.trim().length >= shortest;
  const fetching = asked && (found.fetching || identity?.fetching);
  return (
    <div className="page page-narrow">
      <h1>Who is on the other end?</h1>
      <SearchField large {...byAnything} value={typed} onChange={setTyped} />
      {found.error && asked && <ProblemPanel problem={problemOf(found.error)} retry={() => again()} />}
      <p className="visually-hidden" role="status">
        {asked && !fetching ? `${counted(count, 'result')}` : ''}
      </p>
      {fetching && count === 0 && <Loading what="results" />}
      {asked && !fetching && count === 0 && !found.error && (
        <Empty title={`Nobody is found by “${q}”`}>
          Try a part of a name, an e-mail address, or the digits of a telephone number.
        </Empty>
      )}
      {participants.length > 0 && (
        <Section
          title="Directory"
          count={identity?.data ? participants.length : found.data?.participantsConnection?.totalCount}
        >
          <ul className="rows">
            {participants.map((node) => (
              <ParticipantRow key={node.id} of={node} />
            ))}
          </ul>
        </Section>
      )}
      {users.length > 0 && (
        <Section
          title="External users"
          count={identity?.data ? users.length : found.data?.externalUsersConnection?.totalCount}
        >
          <ul className="rows">
            {users.map((node) => (
              <UserRow key={node.id} of={node} />
            ))}
          </ul>
        </Section>
      )}
      {memberships.length > 0 && (
        <Section title="Takes part in" count={memberships.length}>
          <Memberships of={memberships} />
        </Section>
      )}
      {conversations.length > 0 && (
        <Section title="Conversations" count={found.data?.conversationsConnection?.totalCount}>
          <ul className="rows">
            {conversations.map((node) => (
              <ConversationRow key={node.id} of={node} />
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}
