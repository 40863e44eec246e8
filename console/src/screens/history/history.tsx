import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { TenantHistoryDocument, type TenantHistoryQuery } from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { HistoryList } from '../../parts/history-list.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';

const route = getRouteApi('/history');
const entriesOf = ({ historyConnection }: TenantHistoryQuery) => historyConnection;

/** Everything that was changed in the tenant, the newest first. */
export function History() {
  useTitle('History');
  if (!useMay('ADMIN')) return <NotAllowed what="the tenant’s history" scope="admin" />;
  return <Entries />;
}

function Entries() {
  const { operation } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(operation ?? '');
  const filter = useMemo(() => (operation ? { operation } : {}), [operation]);
  const { nodes, fetching, problem, hasMore, more, refresh } = usePaged(
    TenantHistoryDocument,
    { filter, first: 50 },
    entriesOf,
  );
  return (
    <div className="page page-narrow">
      <header className="page-head">
        <h1>History</h1>
        <SearchField
          label="Operation"
          placeholder="An operation, like undoMerge"
          value={typed}
          onChange={setTyped}
          onSubmit={() => navigate({ search: { operation: typed.trim() || undefined } })}
        />
      </header>
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="the history" />}
      {nodes.length === 0 && !fetching && !problem && <Empty title="Nothing was changed yet" />}
      {nodes.length > 0 && (
        <Section title="Changes">
          <HistoryList of={nodes} />
        </Section>
      )}
      {hasMore && (
        <button type="button" className="button" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </div>
  );
}
