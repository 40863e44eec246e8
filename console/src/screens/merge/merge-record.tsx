import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type DuplicateKind,
  MergeOfFragmentDoc,
  MergeRecordDocument,
  SurvivorDocument,
  UndoMergeDocument,
} from '../../graph/generated/graphql.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { PartyLink } from '../../parts/party.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { Conflicts } from './conflicts.tsx';

const route = getRouteApi('/merge/$mergeId');

/** A merge that was made, and how to take it back. */
export function MergeRecord() {
  useTitle('Merge');
  const { mergeId: id } = route.useParams();
  const may = { EXTERNAL_USER: useMay('USERS_WRITE'), PARTICIPANT: useMay('PARTICIPANTS_WRITE') };
  const [{ data, error, fetching }] = useQuery({ query: MergeRecordDocument, variables: { id } });
  const undo = useAct(UndoMergeDocument);
  const [notRestored, setNotRestored] = useState<readonly { subjectId: string; field: string; detail: string }[]>([]);
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
        <PartyLink kind={kind} id={merge.into.id} name={merge.into.displayName} />, <Time at={merge.mergedAt} />
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
      {notRestored.length > 0 && (
        <Section title="What could not be brought back" count={notRestored.length}>
          <ul className="bullets">
            {notRestored.map(({ subjectId, field, detail }) => (
              <li key={subjectId + field}>
                {field}: {detail}
              </li>
            ))}
          </ul>
        </Section>
      )}
      {undo.problem && <ProblemPanel problem={undo.problem} />}
      {may[kind] && !merge.undoneAt && (
        <p>
          <button
            type="button"
            className="button"
            disabled={undo.busy}
            onClick={async () => setNotRestored((await undo.run({ id }))?.undoMerge?.notRestored ?? [])}
          >
            {undo.busy ? 'Undoing…' : 'Undo the merge'}
          </button>
        </p>
      )}
    </div>
  );
}
