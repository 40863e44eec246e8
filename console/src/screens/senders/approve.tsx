import { useState } from 'react';
import { useAgents } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  ApproveSenderDocument,
  type UnknownSenderApprovalMode as Mode,
  SenderFragmentDoc,
} from '../../graph/generated/graphql.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { ParticipantPicker, type Picked } from '../../parts/participant-picker.tsx';

type ApproveProps = { of: FragmentType<typeof SenderFragmentDoc>; onClose(): void; onDone(data: object | null): void };

/** Asks how to let a sender in, and says what each way does. */
export function Approve({ of, onClose, onDone }: ApproveProps) {
  const sender = readFragment(SenderFragmentDoc, of);
  const agents = useAgents();
  const approve = useAct(ApproveSenderDocument);
  const matched = sender.matchedParticipant;
  const [mode, setMode] = useState<Mode>(matched ? 'ADD_TO_EXISTING' : 'CREATE_NEW');
  const [name, setName] = useState(sender.displayName ?? '');
  const [picked, setPicked] = useState<Picked | null>(matched ?? null);
  const [agentIds, setAgentIds] = useState<readonly string[]>(sender.agent ? [sender.agent.id] : []);
  const [note, setNote] = useState('');
  const isNew = mode === 'CREATE_NEW';
  const isNamed = isNew ? name.trim() !== '' : picked !== null;
  const ways: { mode: Mode; words: string; does: string }[] = [
    { mode: 'CREATE_NEW', words: 'As a new person', does: 'with a channel of this address.' },
    { mode: 'ADD_TO_EXISTING', words: 'As somebody who is known', does: 'who gets a channel of this address.' },
    { mode: 'BIND_ONLY', words: 'Without a new channel', does: 'as a contact only; messages are counted here.' },
  ];
  return (
    <Confirm
      title={`Let ${sender.displayName || sender.address} in`}
      action="Approve"
      busy={approve.busy}
      problem={approve.problem}
      ready={isNamed && (sender.agent !== null || agentIds.length > 0)}
      onClose={onClose}
      onConfirm={async () => {
        const who = isNew ? { displayName: name.trim() } : { participantId: picked?.id ?? null };
        onDone(
          await approve.run({ input: { id: sender.id, mode, agentIds: [...agentIds], note: note || null, ...who } }),
        );
      }}
    >
      <fieldset className="choices">
        <legend className="visually-hidden">How</legend>
        {ways.map((way) => (
          <label key={way.mode}>
            <input type="radio" name="mode" checked={mode === way.mode} onChange={() => setMode(way.mode)} />
            <span>
              <b>{way.words}</b> {way.does}
            </span>
          </label>
        ))}
      </fieldset>
      {isNew ? (
        <label className="field">
          <span>Name</span>
          <input value={name} onChange={(event) => setName(event.target.value)} maxLength={150} />
        </label>
      ) : (
        <ParticipantPicker label="Who they are" picked={picked} onPick={setPicked} />
      )}
      <fieldset className="choices choices-line">
        <legend>Contact of</legend>
        {agents.map(({ id, name: agentName }) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={agentIds.includes(id)}
              onChange={({ target }) =>
                setAgentIds(target.checked ? [...agentIds, id] : agentIds.filter((other) => other !== id))
              }
            />
            <span>{agentName}</span>
          </label>
        ))}
      </fieldset>
      {!sender.agent && agentIds.length === 0 && (
        <p className="hint">They wrote to no single agent. Choose at least one, who has them as a contact then.</p>
      )}
      <label className="field">
        <span>Note</span>
        <input value={note} onChange={(event) => setNote(event.target.value)} maxLength={4_000} />
      </label>
    </Confirm>
  );
}
