import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useAct } from '../../graph/act.ts';
import {
  type DuplicateKind,
  MergeParticipantsDocument,
  MergeUsersDocument,
  PreviewParticipantsDocument,
  PreviewUsersDocument,
} from '../../graph/generated/graphql.ts';
import { type Problem, problemOf } from '../../graph/problem.ts';
import { useUncached } from '../../graph/uncached.tsx';
import { type Conflict, Conflicts } from '../../parts/conflicts.tsx';
import { type Party, partyOfParticipant, partyOfUser } from '../../parts/party.tsx';
import { Section } from '../../parts/section.tsx';
import { Loading, ProblemPanel } from '../../parts/states.tsx';
import { counted } from '../../parts/words.ts';
import { MergedAway, mergesThatTook } from './merged-away.tsx';
import { useParty } from './party.ts';

type Preview = { party: Party; conflicts: readonly Conflict[] };
type PreviewProps = { kind: DuplicateKind; into: string; from: readonly string[] };

/**
 * Asks what a merge would make. Nothing is written, and the cache does not learn it. Where it is refused, `taken` are
 * the merges that took some of them away already.
 */
function usePreview({ kind, into, from }: PreviewProps) {
  const uncached = useUncached();
  const [preview, setPreview] = useState<Preview | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [taken, setTaken] = useState<readonly string[]>([]);
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify({ into, from, turn });
  useEffect(() => {
    let left = false;
    const ids = JSON.parse(key) as { into: string; from: string[] };
    async function ask(): Promise<Preview | null> {
      if (kind === 'EXTERNAL_USER') {
        const { data, error } = await uncached.mutation(PreviewUsersDocument, ids);
        if (error) throw error;
        const made = data?.mergeExternalUsers;
        return made ? { party: partyOfUser(made.externalUser), conflicts: made.merge.conflicts } : null;
      }
      const { data, error } = await uncached.mutation(PreviewParticipantsDocument, ids);
      if (error) throw error;
      const made = data?.mergeParticipants;
      return made ? { party: partyOfParticipant(made.participant), conflicts: made.merge.conflicts } : null;
    }
    async function explain(refusal: Problem): Promise<void> {
      const found = refusal.code === 'CONFLICT' ? await mergesThatTook(uncached, kind, [ids.into, ...ids.from]) : [];
      if (left) return;
      setTaken(found);
      setProblem(refusal);
    }
    ask().then(
      (made) => {
        if (!left) setPreview(made);
      },
      (error: unknown) => explain(problemOf(error)),
    );
    return () => {
      left = true;
    };
  }, [uncached, kind, key]);
  function again(): void {
    setPreview(null);
    setProblem(null);
    setTurn(turn + 1);
  }
  return { preview, problem, taken, again };
}

/** What will be: who stays, what moves to them, what is dropped. And then the merge. */
export function MergePreview(props: PreviewProps) {
  const { preview, problem, taken, again } = usePreview(props);
  return (
    <>
      {taken.length > 0 && <MergedAway kind={props.kind} mergeIds={taken} onUndone={again} />}
      {preview ? (
        <WhatWillBe {...props} of={preview} />
      ) : problem ? (
        taken.length === 0 && <ProblemPanel problem={problem} />
      ) : (
        <Loading what="the preview" />
      )}
    </>
  );
}

function WhatWillBe({ kind, into, from, of }: PreviewProps & { of: Preview }) {
  const navigate = useNavigate();
  const { party: before } = useParty(kind, into);
  const users = useAct(MergeUsersDocument);
  const participants = useAct(MergeParticipantsDocument);
  const { busy, problem: refusal } = kind === 'EXTERNAL_USER' ? users : participants;
  const { party, conflicts } = of;
  const had = new Set(before?.marks.map(({ id }) => id));
  const what = kind === 'EXTERNAL_USER' ? 'identifier' : 'channel';

  async function merge(): Promise<void> {
    const variables = { into, from: [...from] };
    const done =
      kind === 'EXTERNAL_USER'
        ? (await users.run(variables))?.mergeExternalUsers
        : (await participants.run(variables))?.mergeParticipants;
    if (done) navigate({ to: '/merge/$mergeId', params: { mergeId: done.merge.id } });
  }
  return (
    <Section title="What will be">
      <p>
        <b dir="auto">{party.name}</b> with {counted(party.marks.length, what)}, and the conversations of all.
      </p>
      <ul className="marks">
        {party.marks.map((mark) => (
          <li key={mark.id}>
            <b>{mark.kind}</b> <span dir="auto">{mark.value}</span>{' '}
            {before && !had.has(mark.id) && <span className="badge badge-active">moves here</span>}
          </li>
        ))}
      </ul>
      <p className="hint" dir="auto">
        {party.facts.filter((fact) => !/^\d+ conversations?$/.test(fact)).join(' · ')}
      </p>
      <Conflicts of={conflicts} />
      <p className="hint">
        The others’ addresses and links lead to {party.name} from then on. The merge can be undone, from its own page
        and from that of {party.name}.
      </p>
      {refusal && <ProblemPanel problem={refusal} />}
      <p className="modal-actions">
        <button type="button" className="button button-primary" disabled={busy} onClick={merge}>
          {busy ? 'Merging…' : 'Merge'}
        </button>
      </p>
    </Section>
  );
}
