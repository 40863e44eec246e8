import { getRouteApi } from '@tanstack/react-router';
import { ArrowLeftRight } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  MergeSideFragmentDoc,
  MergeSidesDocument,
  MergeUsersDocument,
  PreviewMergeDocument,
  type PreviewMergeMutation,
} from '../../graph/generated/graphql.ts';
import { type Problem, problemOf } from '../../graph/problem.ts';
import { useUncached } from '../../graph/uncached.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted } from '../../parts/words.ts';
import { Conflicts } from './conflicts.tsx';
import { Side } from './side.tsx';
import { UserPicker } from './user-picker.tsx';

const route = getRouteApi('/merge');

/** Makes two external users one: both side by side, what will be, and then the merge. */
export function Merge() {
  useTitle('Merge');
  const mayWrite = useMay('USERS_WRITE');
  const { into = '', from = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [{ data, error, fetching }] = useQuery({
    query: MergeSidesDocument,
    variables: { into, from: from || into },
    pause: into === '',
  });
  if (!mayWrite) return <NotAllowed what="changing external users" scope="users:write" />;
  const stays = into ? data?.into : null;
  const goes = from ? data?.from : null;
  return (
    <div className="page">
      <h1>Two who are the same</h1>
      {error && !data && <ProblemPanel problem={problemOf(error)} />}
      {fetching && !data && <Loading what="external users" />}
      <div className="columns">
        {stays ? (
          <Side title="Stays" of={stays} />
        ) : (
          <UserPicker label="Who stays" onPick={(id) => navigate({ search: { into: id, from: from || undefined } })} />
        )}
        {goes ? (
          <Side title="Is merged away" of={goes}>
            <button
              type="button"
              className="button button-small"
              onClick={() => navigate({ search: { into: from, from: into } })}
            >
              <ArrowLeftRight aria-hidden="true" size={14} /> Swap
            </button>
          </Side>
        ) : (
          <UserPicker
            label="Who is merged away"
            onPick={(id) => navigate({ search: { into: into || undefined, from: id } })}
          />
        )}
      </div>
      {into !== '' && into === from && <Empty title="Both are the same already">Choose another.</Empty>}
      {stays && goes && into !== from && <Preview key={into + from} sides={[stays, goes]} />}
    </div>
  );
}

function usePreview(into: string, from: string) {
  const uncached = useUncached();
  const [preview, setPreview] = useState<PreviewMergeMutation['mergeExternalUsers'] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let left = false;
    uncached.mutation(PreviewMergeDocument, { into, from }).then(({ data, error }) => {
      if (left) return;
      setPreview(data?.mergeExternalUsers ?? null);
      setProblem(error ? problemOf(error) : null);
    });
    return () => {
      left = true;
    };
  }, [uncached, into, from]);
  return { preview, problem };
}

type SideOf = FragmentType<typeof MergeSideFragmentDoc>;

function Preview({ sides }: { sides: [SideOf, SideOf] }) {
  const [stays, goes] = [readFragment(MergeSideFragmentDoc, sides[0]), readFragment(MergeSideFragmentDoc, sides[1])];
  const [into, from] = [stays.id, goes.id];
  const navigate = route.useNavigate();
  const { preview, problem } = usePreview(into, from);
  const merge = useAct(MergeUsersDocument);
  if (problem) return <ProblemPanel problem={problem} />;
  if (!preview) return <Loading what="the preview" />;
  const { externalUser, merge: planned } = preview;
  // All of both stay; only the fields can clash.
  const identifiers = [...stays.identifiers, ...goes.identifiers];
  const conversations = new Set([...stays.conversationIds, ...goes.conversationIds]);
  async function go(): Promise<void> {
    const done = (await merge.run({ into, from }))?.mergeExternalUsers;
    if (done) navigate({ to: '/merge/$mergeId', params: { mergeId: done.merge.id } });
  }
  return (
    <Section title="What will be">
      <p>
        <b dir="auto">{externalUser.displayName}</b> with {counted(identifiers.length, 'identifier')} (
        {identifiers.map(({ identifierValue }) => identifierValue).join(', ')}) in{' '}
        {counted(conversations.size, 'conversation')}.
      </p>
      <Conflicts of={planned.conflicts} />
      {merge.problem && <ProblemPanel problem={merge.problem} />}
      <p className="modal-actions">
        <button type="button" className="button button-primary" disabled={merge.busy} onClick={go}>
          {merge.busy ? 'Merging…' : 'Merge'}
        </button>
      </p>
    </Section>
  );
}
