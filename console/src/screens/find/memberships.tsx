import { Link } from '@tanstack/react-router';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import { FoundConversationFragmentDoc, type WhoIsQuery } from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { statusWords } from '../../parts/words.ts';

type Membership = WhoIsQuery['whoIs']['conversationParticipants'][number];

/** The conversations that somebody takes part in, with their status there. */
export function Memberships({ of }: { of: readonly Membership[] }) {
  return (
    <ul className="rows">
      {of.map((membership) => (
        <Row key={membership.id} of={membership} />
      ))}
    </ul>
  );
}

function Row({ of }: { of: Membership }) {
  const conversation = readFragment(FoundConversationFragmentDoc, of.conversation);
  return (
    <li className="row">
      <div className="row-text">
        <Link to="/inbox/$conversationId" params={{ conversationId: conversation.id }} dir="auto">
          {conversation.name ?? 'Without a name'}
        </Link>
        <small>
          as {of.displayName ?? 'somebody without a name'}
          {conversation.agent && ` · ${conversation.agent.name}`} · <Time at={of.createdAt} />
        </small>
      </div>
      <span className={`badge badge-${of.status.toLowerCase()}`}>{statusWords[of.status]}</span>
      {conversation.status === 'CLOSED' && <span className="badge">Closed</span>}
    </li>
  );
}
