import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { type DuplicateKind, DuplicatesDocument, type DuplicatesQuery } from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { Candidate } from './candidate.tsx';

const route = getRouteApi('/duplicates');
const candidatesOf = ({ duplicateCandidatesConnection }: DuplicatesQuery) => duplicateCandidatesConnection;
const choices = [
  { of: undefined, kind: undefined, words: 'All' },
  { of: 'users', kind: 'EXTERNAL_USER', words: 'External users' },
  { of: 'people', kind: 'PARTICIPANT', words: 'People of the directory' },
] as const satisfies { of: string | undefined; kind: DuplicateKind | undefined; words: string }[];

/** Those who may be the same person: to be merged, or told apart for good. */
export function Duplicates() {
  useTitle('Duplicates');
  const users = useMay('USERS_READ');
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="the directory" scope="participants:read" />;
  if (!users) return <NotAllowed what="external users" scope="users:read" />;
  return <CandidateList />;
}

function CandidateList() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = choices.find(({ of }) => of === search.of) ?? choices[0];
  const filter = useMemo(() => (chosen.kind ? { kind: chosen.kind } : {}), [chosen.kind]);
  const { nodes, totalCount, fetching, problem, hasMore, more, refresh } = usePaged(
    DuplicatesDocument,
    { filter, first: 20 },
    candidatesOf,
  );
  return (
    <div className="page">
      <h1>Duplicates</h1>
      <p className="lead">They may be the same person. Nobody is merged before you say so.</p>
      <fieldset className="filters">
        <legend className="visually-hidden">Who they are</legend>
        {choices.map((choice) => (
          <button
            key={choice.words}
            type="button"
            className="filter"
            aria-pressed={choice === chosen}
            onClick={() => navigate({ search: { of: choice.of } })}
          >
            {choice.words}
            {choice === chosen && totalCount !== null && <span className="count">{totalCount}</span>}
          </button>
        ))}
      </fieldset>
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="duplicates" />}
      {nodes.length === 0 && !fetching && !problem && (
        <Empty title="Nobody is here twice">The service looks for them again some seconds after every change.</Empty>
      )}
      {nodes.length > 0 && <MissingScopes of={chosen.kind} />}
      <ul className="cards">
        {nodes.map((node) => (
          <Candidate key={node.id} of={node} decided={refresh} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </div>
  );
}

const decisions = [
  { kind: 'EXTERNAL_USER', scope: 'users:write', merging: 'merging external users' },
  { kind: 'PARTICIPANT', scope: 'participants:write', merging: 'merging people of the directory' },
] as const satisfies { kind: DuplicateKind; scope: string; merging: string }[];

/** Which scopes a decision about those in the list lacks. A merge needs that of its kind, telling apart needs both. */
function MissingScopes({ of }: { of: DuplicateKind | undefined }) {
  const may = { EXTERNAL_USER: useMay('USERS_WRITE'), PARTICIPANT: useMay('PARTICIPANTS_WRITE') };
  return decisions
    .filter(({ kind }) => !may[kind])
    .map(({ kind, scope, merging }) => (
      <NotAllowed
        key={scope}
        what={of === undefined || of === kind ? `${merging}, or telling them apart` : 'telling them apart'}
        scope={scope}
      />
    ));
}
