import { Link } from '@tanstack/react-router';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { ImportListDocument, type ImportListQuery, ImportStateFragmentDoc } from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { Time } from '../../parts/badges.tsx';
import { Section } from '../../parts/section.tsx';
import { Loading, ProblemPanel } from '../../parts/states.tsx';
import { counted } from '../../parts/words.ts';
import { kinds, stateBadges, stateWords } from './kinds.ts';

const importsOf = ({ importsConnection }: ImportListQuery) => importsConnection;

/** The imports that go on, and those that were over lately. */
export function ImportList() {
  const { nodes, fetching, problem, hasMore, more, refresh } = usePaged(ImportListDocument, { first: 10 }, importsOf);
  return (
    <Section title="Imports until now">
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="imports" />}
      {nodes.length === 0 && !fetching && !problem && <p className="hint">None in the last 30 days.</p>}
      <ul className="rows">
        {nodes.map((node) => (
          <ImportRow key={node.id} of={node} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button button-small" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </Section>
  );
}

function ImportRow({ of }: { of: FragmentType<typeof ImportStateFragmentDoc> }) {
  const job = readFragment(ImportStateFragmentDoc, of);
  const { id, kind, state, dryRun, created, updated, rejected, createdAt } = job;
  return (
    <li className="row">
      <div className="row-text">
        <Link to="/imports/$importId" params={{ importId: id }}>
          {kinds[kind]}
          {dryRun && ', a trial'}
        </Link>
        <small>
          <Time at={createdAt} /> · {created.toLocaleString('en')} created, {updated.toLocaleString('en')} updated
          {rejected > 0 && `, ${counted(rejected, 'row')} rejected`}
        </small>
      </div>
      <span className={stateBadges[state]}>{stateWords[state]}</span>
    </li>
  );
}
