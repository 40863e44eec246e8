import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  BlockSenderDocument,
  RejectSenderDocument,
  SenderFragmentDoc,
  UnblockSenderDocument,
} from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import { counted, providerWord, senderWords } from '../../parts/words.ts';
import { Approve } from './approve.tsx';

type SenderCardProps = { of: FragmentType<typeof SenderFragmentDoc>; decided(): void };

/** A sender, who they may be, and what can be decided. */
export function SenderCard({ of, decided }: SenderCardProps) {
  const sender = readFragment(SenderFragmentDoc, of);
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const [asked, setAsked] = useState<'approve' | 'block' | null>(null);
  const reject = useAct(RejectSenderDocument);
  const block = useAct(BlockSenderDocument);
  const unblock = useAct(UnblockSenderDocument);
  const { id, displayName, address, provider, status, matchedParticipant, approvedParticipant } = sender;
  const name = displayName || address;
  const problem = reject.problem ?? unblock.problem;
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
      {sender.note && <p dir="auto">“{sender.note}”</p>}
      {problem && <ProblemPanel problem={problem} />}
      {mayWrite && (
        <div className="row-actions">
          {status === 'PENDING' && (
            <>
              <button type="button" className="button button-primary" onClick={() => setAsked('approve')}>
                Approve…
              </button>
              <button
                type="button"
                className="button"
                disabled={reject.busy}
                onClick={async () => done(await reject.run({ id, note: null }))}
              >
                Reject
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
      {asked === 'block' && (
        <Confirm
          title={`Block ${name}?`}
          action="Block"
          danger
          busy={block.busy}
          problem={block.problem}
          onClose={() => setAsked(null)}
          onConfirm={async () => done(await block.run({ id, note: null }))}
        >
          <p>What they write from now on is counted and dropped, until somebody unblocks them.</p>
        </Confirm>
      )}
    </li>
  );
}
