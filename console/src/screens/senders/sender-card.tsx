import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import { SenderFragmentDoc, UnblockSenderDocument } from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import { counted, providerWord, senderWords } from '../../parts/words.ts';
import { Approve } from './approve.tsx';
import { TurnAway } from './turn-away.tsx';

type SenderCardProps = { of: FragmentType<typeof SenderFragmentDoc>; decided(): void };

/** A sender, who they may be, and what can be decided. */
export function SenderCard({ of, decided }: SenderCardProps) {
  const sender = readFragment(SenderFragmentDoc, of);
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const [asked, setAsked] = useState<'approve' | 'reject' | 'block' | null>(null);
  const unblock = useAct(UnblockSenderDocument);
  const { id, displayName, address, provider, status, matchedParticipant, approvedParticipant } = sender;
  const name = displayName || address;
  const done = (data: object | null) => {
    if (!data) return;
    setAsked(null);
    decided();
  };
  return (
    <li className="card">
      <header>
        <h2 dir="auto">{name}</h2>
        <span className={`badge badge-${status === 'PENDING' ? 'pending' : 'plain'}`}>{senderWords[status]}</span>
      </header>
      <p>
        <b>{providerWord(provider)}</b> <span dir="auto">{address}</span>{' '}
        <small>at {sender.integrationConfig.name}</small>
      </p>
      <p className="hint">
        {counted(sender.messageCount, 'message')}, the last <Time at={sender.lastMessageAt} />
        {sender.agent && ` · to ${sender.agent.name}`}
        {sender.conversationName && ` · in ${sender.conversationName}`}
        {sender.droppedMessageCount > 0 && ` · ${counted(sender.droppedMessageCount, 'message')} dropped`}
      </p>
      {matchedParticipant && status === 'PENDING' && (
        <p className="notice">
          May be{' '}
          <Link to="/people/$participantId" params={{ participantId: matchedParticipant.id }} dir="auto">
            {matchedParticipant.displayName}
          </Link>
          , by another channel.
        </p>
      )}
      {approvedParticipant && (
        <p className="hint">
          Is{' '}
          <Link to="/people/$participantId" params={{ participantId: approvedParticipant.id }} dir="auto">
            {approvedParticipant.displayName}
          </Link>
        </p>
      )}
      {sender.processedAt && (
        <p className="hint">
          Last decided <Time at={sender.processedAt} />
          {sender.processedBy && ` by ${sender.processedBy}`}
        </p>
      )}
      {sender.note && <p dir="auto">“{sender.note}”</p>}
      {unblock.problem && <ProblemPanel problem={unblock.problem} />}
      {mayWrite && (
        <div className="row-actions">
          {status === 'PENDING' && (
            <>
              <button type="button" className="button button-primary" onClick={() => setAsked('approve')}>
                Approve…
              </button>
              <button type="button" className="button" onClick={() => setAsked('reject')}>
                Reject…
              </button>
            </>
          )}
          {status === 'BLOCKED' ? (
            <button
              type="button"
              className="button"
              disabled={unblock.busy}
              onClick={async () => done(await unblock.run({ id }))}
            >
              Unblock
            </button>
          ) : (
            status !== 'APPROVED' && (
              <button type="button" className="button button-quiet" onClick={() => setAsked('block')}>
                Block…
              </button>
            )
          )}
        </div>
      )}
      {asked === 'approve' && <Approve of={of} onClose={() => setAsked(null)} onDone={done} />}
      {(asked === 'reject' || asked === 'block') && (
        <TurnAway key={asked} id={id} name={name} how={asked} onClose={() => setAsked(null)} onDone={done} />
      )}
    </li>
  );
}
