import { useState } from 'react';
import { useAct } from '../../graph/act.ts';
import { BlockSenderDocument, RejectSenderDocument } from '../../graph/generated/graphql.ts';
import { Confirm } from '../../parts/confirm.tsx';

type TurnAwayProps = {
  id: string;
  name: string;
  how: 'reject' | 'block';
  onClose(): void;
  /** Called with the data of the decision, or with null after a problem. */
  onDone(data: object | null): void;
};

const ways = {
  reject: { action: 'Reject', does: 'They wait again when they write again.' },
  block: {
    action: 'Block',
    does: 'What they write from now on is counted and dropped, until somebody unblocks them.',
  },
} as const;

/** Rejects or blocks a sender, with a note that others read beside them. */
export function TurnAway({ id, name, how, onClose, onDone }: TurnAwayProps) {
  const reject = useAct(RejectSenderDocument);
  const block = useAct(BlockSenderDocument);
  const [note, setNote] = useState('');
  const { action, does } = ways[how];
  const { run, busy, problem } = how === 'reject' ? reject : block;
  return (
    <Confirm
      title={`${action} ${name}?`}
      action={action}
      danger={how === 'block'}
      busy={busy}
      problem={problem}
      onClose={onClose}
      onConfirm={async () => onDone(await run({ id, note: note.trim() || null }))}
    >
      <p>{does}</p>
      <label className="field">
        <span>Note</span>
        <input value={note} onChange={(event) => setNote(event.target.value)} maxLength={4_000} />
      </label>
    </Confirm>
  );
}
