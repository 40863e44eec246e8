import { getRouteApi } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type DuplicateKind,
  MergeOfFragmentDoc,
  MergeRecordDocument,
  SurvivorDocument,
} from '../../graph/generated/graphql.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { Conflicts } from '../../parts/conflicts.tsx';
import { PartyLink } from '../../parts/party.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { UndoMerge } from '../../parts/undo-merge.tsx';
import { Who } from '../../parts/who.tsx';

const route = getRouteApi('/merge/$mergeId');

/** A merge that was made, and how to take it back. */
export function MergeRecord() {
  useTitle('Merge');
  const { mergeId: id } = route.useParams();
  const may = { EXTERNAL_USER: useMay('USERS_WRITE'), PARTICIPANT: useMay('PARTICIPANTS_WRITE') };
  const [{ data, error, fetching }] = useQuery({ query: MergeRecordDocument, variables: { id } });
  const node = data?.node;
  const found = node?.__typename === 'Merge' ? readFragment(MergeOfFragmentDoc, node) : null;
  const [survivor] = useQuery({
    query: SurvivorDocument,
    variables: { id: found?.into.id ?? '' },
    pause: !found,
  });
  if (error && !node) return <ProblemPanel problem={problemOf(error)} />;
  if (!found) return fetching ? <Loading what="the merge" /> : <Empty title="There is no merge here" />;
  const merge = found;
  const kind: DuplicateKind = survivor.data?.node?.__typename === 'Participant' ? 'PARTICIPANT' : 'EXTERNAL_USER';
  return (
    <div className="page page-narrow">
      <h1>{merge.undoneAt ? 'A merge that was undone' : 'They are one'}</h1>
      <p>
        {merge.from.map(({ displayName }) => displayName).join(', ')}{' '}
        {merge.undoneAt ? 'was merged into' : 'is merged into'}{' '}
        <PartyLink kind={kind} id={merge.into.id} name={merge.into.displayName} />, <Time at={merge.mergedAt} />, by{' '}
        <Who {...merge.actor} />
        {merge.undoneAt && (
          <>
            ; undone <Time at={merge.undoneAt} />
          </>
        )}
        .
      </p>
      {merge.undoneAt && (
        <ul className="tags">
          {merge.from.map(({ id: fromId, displayName }) => (
            <li key={fromId} className="tag">
              <PartyLink kind={kind} id={fromId} name={displayName} />
            </li>
          ))}
        </ul>
      )}
      <Section title="Fields that both had">
        <Conflicts of={merge.conflicts} />
      </Section>
      <UndoMerge merge={merge} mayUndo={may[kind]} />
    </div>
  );
}
