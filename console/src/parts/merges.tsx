import { Link } from '@tanstack/react-router';
import { useMay } from '../app/viewer.tsx';
import { type FragmentType, readFragment } from '../graph/generated/fragment-masking.ts';
import { type DuplicateKind, MergeOfFragmentDoc } from '../graph/generated/graphql.ts';
import type { Paged } from '../graph/paged.ts';
import { Time } from './badges.tsx';
import { Conflicts } from './conflicts.tsx';
import { PartyLink } from './party.tsx';
import { Section } from './section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from './states.tsx';
import { UndoMerge } from './undo-merge.tsx';
import { Who } from './who.tsx';
import { counted } from './words.ts';

type MergeFragment = FragmentType<typeof MergeOfFragmentDoc>;
type MergesProps = {
  kind: DuplicateKind;
  /** Whose page it is. */
  id: string;
  list: Paged<MergeFragment & { id: string }>;
  onUndone(): void;
};

/** Who was merged into somebody: who did it, when, which values were dropped, and how to take it back. */
export function Merges({ kind, id, list, onUndone }: MergesProps) {
  const may = { EXTERNAL_USER: useMay('USERS_WRITE'), PARTICIPANT: useMay('PARTICIPANTS_WRITE') };
  const { nodes, totalCount, fetching, problem, hasMore, more, refresh } = list;
  const scope = kind === 'PARTICIPANT' ? 'participants:write' : 'users:write';
  return (
    <Section title="Merges" count={totalCount}>
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="merges" />}
      {nodes.length === 0 && !fetching && !problem && <Empty title="Nobody was merged into them" />}
      <ul className="rows">
        {nodes.map((node) => (
          <MergeRow key={node.id} kind={kind} id={id} of={node} mayUndo={may[kind]} onUndone={onUndone} />
        ))}
      </ul>
      {nodes.length > 0 && !may[kind] && <NotAllowed what="undoing a merge" scope={scope} />}
      {hasMore && (
        <button type="button" className="button button-small" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </Section>
  );
}

type MergeRowProps = { kind: DuplicateKind; id: string | null; of: MergeFragment; mayUndo: boolean; onUndone(): void };

/** A merge, with its undo. `id` is whose page it is on, if it is on somebody’s. */
export function MergeRow({ kind, id, of, mayUndo, onUndone }: MergeRowProps) {
  const merge = readFragment(MergeOfFragmentDoc, of);
  const { from, into, conflicts, mergedAt, undoneAt, actor } = merge;
  return (
    <li className="row row-tall">
      <div className="row-text">
        <span>
          {from.map((gone, index) => (
            <span key={gone.id}>
              {index > 0 && ', '}
              {/* The id of who was merged away leads to this page until the merge is undone. */}
              {undoneAt ? (
                <PartyLink kind={kind} id={gone.id} name={gone.displayName} />
              ) : (
                <b dir="auto">{gone.displayName}</b>
              )}
            </span>
          ))}{' '}
          {undoneAt ? 'was merged into' : 'is merged into'}{' '}
          {into.id === id ? (
            <span dir="auto">{into.displayName}</span>
          ) : (
            <PartyLink kind={kind} id={into.id} name={into.displayName} />
          )}
        </span>
        <small>
          By <Who {...actor} />, <Time at={mergedAt} />
          {undoneAt && (
            <>
              {' · undone '}
              <Time at={undoneAt} />
            </>
          )}
          {' · '}
          <Link to="/merge/$mergeId" params={{ mergeId: merge.id }}>
            Its page
          </Link>
        </small>
        {conflicts.length > 0 && (
          <details>
            <summary>{counted(conflicts.length, 'field')} that both had</summary>
            <Conflicts of={conflicts} />
          </details>
        )}
      </div>
      <UndoMerge merge={merge} mayUndo={mayUndo} onUndone={onUndone} />
    </li>
  );
}
