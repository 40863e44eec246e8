import type { ReactNode } from 'react';
import type { DuplicateKind } from '../../graph/generated/graphql.ts';
import { ParticipantPicker } from '../../parts/participant-picker.tsx';
import { PartyCard } from '../../parts/party.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';
import { useParty } from './party.ts';
import { UserPicker } from './user-picker.tsx';

type SideProps = { kind: DuplicateKind; id: string; title: string; children?: ReactNode };

/** One of those who are to be merged. */
export function Side({ kind, id, title, children }: SideProps) {
  const { party, fetching, problem } = useParty(kind, id);
  if (problem && !party) return <ProblemPanel problem={problem} />;
  if (!party) return fetching ? <Loading what={title} /> : <Empty title="Nobody is here">Choose another.</Empty>;
  // The id of who was merged away leads to the survivor.
  const isMerged = party.id !== id;
  return (
    <PartyCard title={isMerged ? 'Merged away already, into' : title} of={party}>
      <div className="row-actions">{children}</div>
    </PartyCard>
  );
}

type SidePickerProps = { kind: DuplicateKind; label: string; onPick(id: string): void };

/** Finds who is to be merged. */
export function SidePicker({ kind, label, onPick }: SidePickerProps) {
  return kind === 'EXTERNAL_USER' ? (
    <UserPicker label={label} onPick={onPick} />
  ) : (
    <ParticipantPicker label={label} picked={null} onPick={(picked) => picked && onPick(picked.id)} />
  );
}
