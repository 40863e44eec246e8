import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { useAgents, useMay } from '../../app/viewer.tsx';
import {
  ContactCountsDocument,
  ContactsChangedDocument,
  ContactsDocument,
  type ContactsQuery,
  type ParticipantFilter,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { usePaged } from '../../graph/paged.ts';
import { useDebounced } from '../../parts/debounced.ts';
import { SearchField } from '../../parts/search-field.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted } from '../../parts/words.ts';
import { ContactTable } from './contact-table.tsx';
import { firstContacts, pageSize } from './first-page.ts';
import { HealthFilters, healthFilter } from './health-filters.tsx';
import { ProviderFilters } from './provider-filters.tsx';

const route = getRouteApi('/agents/$agentId/contacts');
const contactsOf = ({ participantsConnection }: ContactsQuery) => participantsConnection;

/** The contacts of an agent, as they are now: who can be reached, and why the others can't. */
export function Contacts() {
  const { agentId } = route.useParams();
  const agent = useAgents().find(({ id }) => id === agentId);
  useTitle(agent ? `Contacts of ${agent.name}` : 'Contacts');
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="the directory" scope="participants:read" />;
  if (!agent) return <Empty title={`There is no agent “${agentId}”`} />;
  return <ContactList key={agentId} agent={agent} />;
}

function ContactList({ agent }: { agent: { id: string; name: string } }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(search.q ?? '');
  const query = useDebounced(typed).trim();
  const searching = [...query].length >= 2;
  const filter: ParticipantFilter = useMemo(
    () => ({
      agentId: agent.id,
      ...healthFilter(search.health),
      ...(search.provider && { provider: search.provider }),
      ...(searching && { query }),
    }),
    [agent.id, search.health, search.provider, searching, query],
  );
  const list = usePaged(ContactsDocument, firstContacts(filter), contactsOf);
  const [counts, countAgain] = useQuery({ query: ContactCountsDocument, variables: { agentId: agent.id } });

  useEffect(() => {
    if ((search.q ?? '') !== query)
      navigate({ search: (before) => ({ ...before, q: query || undefined }), replace: true });
  }, [query, search.q, navigate]);

  const changed = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Rows change by themselves: the cache has them. Who belongs to the list, and the counts, are asked for again.
  function readAgain(): void {
    clearTimeout(changed.current);
    changed.current = setTimeout(() => {
      list.refresh();
      countAgain({ requestPolicy: 'network-only' });
    }, 400);
  }
  useEffect(() => () => clearTimeout(changed.current), []);
  useLive(ContactsChangedDocument, { agentId: agent.id }, { onEvent: readAgain, onReturn: readAgain });

  const { nodes, totalCount, fetching, problem } = list;
  const narrowed = searching || search.health !== undefined || search.provider !== undefined;
  return (
    <div className="page page-full">
      <header className="page-head">
        <h1>Contacts of {agent.name}</h1>
        <SearchField
          label={`Search the contacts of ${agent.name}`}
          placeholder="Search by name, e-mail, number, address"
          value={typed}
          onChange={setTyped}
        />
      </header>
      <HealthFilters
        counts={counts.data?.participantCounts}
        chosen={search.health}
        onChoose={(health) => navigate({ search: (before) => ({ ...before, health }) })}
      />
      <ProviderFilters
        counts={counts.data?.participantCounts.byProvider}
        chosen={search.provider}
        onChoose={(provider) => navigate({ search: (before) => ({ ...before, provider }) })}
      />
      <p className="visually-hidden" role="status">
        {totalCount === null ? '' : counted(totalCount, 'contact')}
      </p>
      {problem && <ProblemPanel problem={problem} retry={list.refresh} />}
      {nodes.length === 0 && fetching && <Loading what="contacts" />}
      {nodes.length === 0 && !fetching && !problem && (
        <Empty title={narrowed ? 'No contact fits this' : 'No contacts yet'}>
          {narrowed ? 'Change the search or the filter.' : 'Bind a participant to this agent.'}
        </Empty>
      )}
      {nodes.length > 0 && (
        <ContactTable
          contacts={nodes}
          total={totalCount ?? nodes.length + (list.hasMore ? pageSize : 0)}
          onNearEnd={list.more}
        />
      )}
    </div>
  );
}
