import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useMay } from '../../app/viewer.tsx';
import {
  SendersChangedDocument,
  SendersDocument,
  type SendersQuery,
  type UnknownSenderStatus,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { usePaged } from '../../graph/paged.ts';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { senderWords } from '../../parts/words.ts';
import { SenderCard } from './sender-card.tsx';

const route = getRouteApi('/senders');
const sendersOf = ({ unknownSendersConnection }: SendersQuery) => unknownSendersConnection;
const statuses = Object.keys(senderWords) as UnknownSenderStatus[];

/** Those who have written and are not known: to be let in, turned away, or blocked. */
export function Senders() {
  useTitle('Unknown senders');
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="the directory" scope="participants:read" />;
  return <SenderList />;
}

function SenderList() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = statuses.find((status) => status === search.status) ?? 'PENDING';
  const filter = useMemo(() => ({ status: [chosen] }), [chosen]);
  const list = usePaged(SendersDocument, { filter, first: 30 }, sendersOf);
  useLive(SendersChangedDocument, {}, { onEvent: list.refresh, onReturn: list.refresh });
  const { nodes, fetching, problem, hasMore } = list;
  return (
    <div className="page page-narrow">
      <h1>Unknown senders</h1>
      <p className="lead">They wrote from an address that belongs to nobody in the directory.</p>
      <fieldset className="filters">
        <legend className="visually-hidden">Status</legend>
        {statuses.map((status) => (
          <button
            key={status}
            type="button"
            className="filter"
            aria-pressed={status === chosen}
            onClick={() => navigate({ search: status === 'PENDING' ? {} : { status } })}
          >
            {senderWords[status]}
            {status === chosen && list.totalCount !== null && <span className="count">{list.totalCount}</span>}
          </button>
        ))}
      </fieldset>
      {problem && <ProblemPanel problem={problem} retry={list.refresh} />}
      {nodes.length === 0 && fetching && <Loading what="senders" />}
      {nodes.length === 0 && !fetching && !problem && (
        <Empty title={chosen === 'PENDING' ? 'Nobody waits' : 'None'}>
          {chosen === 'PENDING' && 'Who writes from an address that nobody has appears here at once.'}
        </Empty>
      )}
      <ul className="cards">
        {nodes.map((node) => (
          <SenderCard key={node.id} of={node} decided={list.refresh} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button" onClick={list.more} disabled={fetching}>
          Show more
        </button>
      )}
    </div>
  );
}
