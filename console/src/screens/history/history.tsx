import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  EntryFragmentDoc,
  type HistoryFilter,
  TenantHistoryDocument,
  type TenantHistoryQuery,
} from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { HistoryList } from '../../parts/history-list.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { beginOf, endOf } from './days.ts';
import { Filters, type Narrowing } from './filters.tsx';
import { actorKinds } from './kinds.ts';

const route = getRouteApi('/history');
const entriesOf = ({ historyConnection }: TenantHistoryQuery) => historyConnection;

/** Everything that was changed in the tenant, the newest first. */
export function History() {
  useTitle('History');
  if (!useMay('ADMIN')) return <NotAllowed what="the tenant’s history" scope="admin" />;
  return <Entries />;
}

function filterOf({ actor, kind, operation, subject, from, to }: Narrowing): HistoryFilter {
  const kinds = actorKinds[kind ?? '']?.kinds;
  const [after, before] = [beginOf(from), endOf(to)];
  return {
    ...(actor && { actorId: actor }),
    ...(kinds && { actorKinds: [...kinds] }),
    ...(operation && { operation }),
    ...(subject && { subjectId: subject }),
    ...(after && { after }),
    ...(before && { before }),
  };
}

function Entries() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = useMemo(() => filterOf(search), [search]);
  const { nodes, fetching, problem, hasMore, more, refresh } = usePaged(
    TenantHistoryDocument,
    { filter, first: 50 },
    entriesOf,
  );
  const entries = nodes.map((node) => readFragment(EntryFragmentDoc, node));
  const actors = entries.flatMap(({ actor: { id, name } }) => (id ? [{ id, name: name ?? id }] : []));
  const operations = [...new Set(entries.flatMap(({ operation }) => operation ?? []))].sort();
  const narrowed = Object.keys(filter).length > 0;
  // What is narrowed is a page of its own, so that the browser’s way back undoes it.
  const narrow = (change: Narrowing) => navigate({ search: (before) => ({ ...before, ...change }) });
  return (
    <div className="page page-narrow">
      <h1>History</h1>
      <Filters of={search} actors={actors} operations={operations} onChange={narrow} />
      {search.subject && (
        <p>
          Changes of one thing and of what belongs to it.{' '}
          <button type="button" className="button button-small" onClick={() => narrow({ subject: undefined })}>
            Show those of all
          </button>
        </p>
      )}
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="the history" />}
      {nodes.length === 0 && !fetching && !problem && narrowed && (
        <Empty title="No change fits this">
          Choose other days or somebody else, or{' '}
          <button type="button" className="button button-small" onClick={() => navigate({ search: {} })}>
            show every change
          </button>
        </Empty>
      )}
      {nodes.length === 0 && !fetching && !problem && !narrowed && <Empty title="Nothing was changed yet" />}
      {nodes.length > 0 && (
        <Section title="Changes">
          <HistoryList of={nodes} within={search} />
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
