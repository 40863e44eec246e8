import { getRouteApi, Link, Outlet, useChildMatches } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useAgents, useMay } from '../../app/viewer.tsx';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type ConversationFilter,
  InboxChangedDocument,
  InboxListDocument,
  type InboxListQuery,
  InboxRowFragmentDoc,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { usePaged } from '../../graph/paged.ts';
import { Time } from '../../parts/badges.tsx';
import { useDebounced } from '../../parts/debounced.ts';
import { SearchField } from '../../parts/search-field.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';

const route = getRouteApi('/inbox');
const pageSize = 40;
const conversationsOf = ({ conversationsConnection }: InboxListQuery) => conversationsConnection;

/** The conversations, and beside them the one that is open: who takes part in it, and who waits. */
export function Inbox() {
  useTitle('Inbox');
  if (!useMay('CONVERSATIONS_READ')) return <NotAllowed what="conversations" scope="conversations:read" />;
  return <InboxPanes />;
}

function InboxPanes() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const agents = useAgents();
  const opened = useChildMatches().length > 0;
  const [typed, setTyped] = useState(search.q ?? '');
  const query = useDebounced(typed).trim();
  const filter: ConversationFilter = useMemo(
    () => ({
      status: search.show === 'closed' ? 'CLOSED' : 'OPEN',
      ...(search.agent && { agentId: search.agent }),
      ...([...query].length >= 2 && { query }),
    }),
    [search.show, search.agent, query],
  );
  const list = usePaged(InboxListDocument, { filter, first: pageSize }, conversationsOf);
  useEffect(() => {
    if ((search.q ?? '') !== query)
      navigate({ to: '.', search: (before) => ({ ...before, q: query || undefined }), replace: true });
  }, [query, search.q, navigate]);
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const readAgain = () => {
    clearTimeout(later.current);
    later.current = setTimeout(list.refresh, 400);
  };
  useLive(InboxChangedDocument, { agentId: search.agent }, { onEvent: readAgain, onReturn: readAgain });

  return (
    <div className={`panes ${opened ? 'panes-opened' : ''}`}>
      <section className="pane-list" aria-labelledby="inbox-title">
        <header className="page-head">
          <h1 id="inbox-title">Inbox</h1>
          <SearchField
            label="Search conversations by their name"
            placeholder="Search by name"
            value={typed}
            onChange={setTyped}
          />
          <div className="field-row">
            <select
              aria-label="Agent"
              value={search.agent ?? ''}
              onChange={({ target }) =>
                navigate({ to: '.', search: (before) => ({ ...before, agent: target.value || undefined }) })
              }
            >
              <option value="">All agents</option>
              {agents.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
            <select
              aria-label="State"
              value={search.show ?? 'open'}
              onChange={({ target }) =>
                navigate({
                  to: '.',
                  search: (before) => ({ ...before, show: target.value === 'open' ? undefined : target.value }),
                })
              }
            >
              <option value="open">Open</option>
              <option value="closed">Closed</option>
            </select>
          </div>
        </header>
        {list.problem && <ProblemPanel problem={list.problem} retry={list.refresh} />}
        {list.nodes.length === 0 && list.fetching && <Loading what="conversations" />}
        {list.nodes.length === 0 && !list.fetching && !list.problem && <Empty title="No conversation fits this" />}
        <ul className="rows">
          {list.nodes.map((node) => (
            <Row key={node.id} of={node} />
          ))}
        </ul>
        {list.hasMore && (
          <button type="button" className="button" onClick={list.more} disabled={list.fetching}>
            Show more
          </button>
        )}
      </section>
      <div className="pane-detail">
        {opened ? <Outlet /> : <Empty title="Choose a conversation">It shows who takes part, and who waits.</Empty>}
      </div>
    </div>
  );
}

function Row({ of }: { of: FragmentType<typeof InboxRowFragmentDoc> }) {
  const { id, name, agent, createdAt, participantCounts } = readFragment(InboxRowFragmentDoc, of);
  const { pending, invited } = participantCounts;
  return (
    <li>
      <Link to="/inbox/$conversationId" params={{ conversationId: id }} search={(before) => before} className="row">
        <span className="row-text">
          <span dir="auto">{name ?? 'Without a name'}</span>
          <small>
            {agent ? `${agent.name} · ` : ''}
            <Time at={createdAt} />
          </small>
        </span>
        {pending > 0 && <span className="badge badge-pending">{pending} waiting</span>}
        {invited > 0 && <span className="badge badge-invited">{invited} invited</span>}
      </Link>
    </li>
  );
}
