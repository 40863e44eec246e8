import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { DismissDuplicateDocument, DuplicateFragmentDoc } from '../../graph/generated/graphql.ts';
import { PartyCard, PartyLink, partyOfParticipant, partyOfUser } from '../../parts/party.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import { duplicateWords, likelihood } from './words.ts';

type CandidateProps = { of: FragmentType<typeof DuplicateFragmentDoc>; decided(): void };

/** Some who may be the same, side by side, why, and what can be decided. */
export function Candidate({ of, decided }: CandidateProps) {
  const { id, kind, confidence, reasons, users, participants } = readFragment(DuplicateFragmentDoc, of);
  const isUser = kind === 'EXTERNAL_USER';
  const may = { users: useMay('USERS_WRITE'), participants: useMay('PARTICIPANTS_WRITE') };
  const dismiss = useAct(DismissDuplicateDocument);
  const heading = useId();
  const people = (participants ?? []).map(partyOfParticipant);
  const parties = isUser ? (users ?? []).map(partyOfUser) : people;
  // Who was there first is most likely what others know.
  const [oldest] = parties.toSorted((one, other) => one.createdAt.localeCompare(other.createdAt));
  const [chosen, setChosen] = useState<string | null>(null);
  const into = parties.find((party) => party.id === chosen) ?? oldest;
  if (!into) return null;
  const from = parties.filter((party) => party !== into).map((party) => party.id);
  return (
    <li className="card">
      <header>
        <h2 id={heading} dir="auto">
          {[...new Set(parties.map(({ name }) => name))].join(' and ')}
        </h2>
        <span className={`badge badge-${confidence >= 0.8 ? 'active' : 'pending'}`}>
          {likelihood(confidence)} ({Math.round(confidence * 100)} %)
        </span>
      </header>
      <ul className="bullets">
        {reasons.map((reason) => (
          <li key={reason}>{duplicateWords[kind][reason]}</li>
        ))}
      </ul>
      {isUser && people.length > 0 && (
        <p className="hint">
          In the directory:{' '}
          {people.map((party) => (
            <PartyLink key={party.id} {...party} />
          ))}
        </p>
      )}
      <div className="columns parties" role="radiogroup" aria-label="Who stays">
        {parties.map((party) => (
          <PartyCard key={party.id} of={party}>
            {(isUser ? may.users : may.participants) && (
              <label className="choice">
                <input type="radio" name={heading} checked={party === into} onChange={() => setChosen(party.id)} />
                {party === into ? 'Stays' : 'Is merged away'}
                <span className="visually-hidden">
                  : {party.name}, {party.marks[0]?.value}
                </span>
              </label>
            )}
          </PartyCard>
        ))}
      </div>
      {dismiss.problem && <ProblemPanel problem={dismiss.problem} />}
      <div className="row-actions">
        {(isUser ? may.users : may.participants) && (
          <Link
            to="/merge"
            search={{ of: isUser ? undefined : 'people', into: into.id, from: from.join(',') }}
            className="button button-primary"
          >
            Preview the merge…
          </Link>
        )}
        {may.users && may.participants && (
          <button
            type="button"
            className="button"
            disabled={dismiss.busy}
            title="They are not listed again until there is another reason"
            onClick={async () => (await dismiss.run({ id })) && decided()}
          >
            They are not the same
          </button>
        )}
      </div>
    </li>
  );
}
