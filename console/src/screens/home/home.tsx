import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import {
  HomeConversationsDocument,
  HomeCountsDocument,
  HomeDuplicatesDocument,
  HomeSendersDocument,
} from '../../graph/generated/graphql.ts';
import { problemOf } from '../../graph/problem.ts';
import { ConversationRow } from '../../parts/rows.tsx';
import { byAnything, SearchField } from '../../parts/search-field.tsx';
import { Section } from '../../parts/section.tsx';
import { Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { reasonWords } from '../../parts/words.ts';

/** The first page: a search for anybody, and what waits for an operator. */
export function Home() {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  useTitle(null);
  function find(): void {
    navigate({ to: '/find', search: typed.trim() ? { q: typed.trim() } : {} });
  }
  return (
    <div className="page">
      <h1>Who is on the other end?</h1>
      <SearchField large {...byAnything} value={typed} onChange={setTyped} onSubmit={find}>
        <button type="submit" className="button button-primary">
          Find
        </button>
      </SearchField>
      <div className="columns">
        {useMay('PARTICIPANTS_READ') ? <Directory /> : <NotAllowed what="the directory" scope="participants:read" />}
        {useMay('CONVERSATIONS_READ') ? <Newest /> : <NotAllowed what="conversations" scope="conversations:read" />}
      </div>
    </div>
  );
}

function Directory() {
  const [{ data, error, fetching }, again] = useQuery({ query: HomeCountsDocument });
  const [senders] = useQuery({ query: HomeSendersDocument });
  const [duplicates] = useQuery({ query: HomeDuplicatesDocument, pause: !useMay('USERS_READ') });
  if (error && !data) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!data) return fetching ? <Loading what="the directory" /> : null;
  const { total, reachable, byReason, byAgent } = data.participantCounts;
  const doubled = duplicates.data?.duplicateCandidatesConnection.totalCount;
  const waiting = senders.data?.unknownSendersConnection.totalCount;
  return (
    <div>
      <Section title="Directory" count={total}>
        <dl className="figures">
          <div>
            <dt>Reachable</dt>
            <dd>{reachable}</dd>
          </div>
          {byReason
            .filter(({ count }) => count > 0)
            .map(({ reason, count }) => (
              <div key={reason}>
                <dt>{reasonWords[reason]}</dt>
                <dd>{count}</dd>
              </div>
            ))}
        </dl>
      </Section>
      <Section title="Agents">
        <ul className="rows">
          {byAgent.map(({ agent, total: contacts, unreachable }) => (
            <li className="row" key={agent.id}>
              <div className="row-text">
                <Link to="/agents/$agentId/contacts" params={{ agentId: agent.id }}>
                  {agent.name}
                </Link>
                <small>{contacts} contacts</small>
              </div>
              {unreachable > 0 && (
                <Link
                  to="/agents/$agentId/contacts"
                  params={{ agentId: agent.id }}
                  search={{ health: 'unreachable' }}
                  className="badge badge-bad"
                >
                  {unreachable} unreachable
                </Link>
              )}
            </li>
          ))}
        </ul>
      </Section>
      {waiting != null && waiting > 0 && (
        <p>
          <Link to="/senders">
            {waiting === 1 ? 'One unknown sender waits' : `${waiting} unknown senders wait`} to be let in
          </Link>
        </p>
      )}
      {doubled != null && doubled > 0 && (
        <p>
          <Link to="/duplicates">
            {doubled === 1 ? 'Somebody may be here twice' : `${doubled} people may be here twice`}
          </Link>
        </p>
      )}
    </div>
  );
}

function Newest() {
  const [{ data, error, fetching }, again] = useQuery({ query: HomeConversationsDocument });
  if (error && !data) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!data) return fetching ? <Loading what="conversations" /> : null;
  const { totalCount, nodes } = data.conversationsConnection;
  return (
    <Section title="Open conversations" count={totalCount}>
      <ul className="rows">
        {nodes.map((node) => (
          <ConversationRow key={node.id} of={node} />
        ))}
      </ul>
    </Section>
  );
}
