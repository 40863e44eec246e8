import { Link } from '@tanstack/react-router';
import { MessageSquare, UserRound } from 'lucide-react';
import { type FragmentType, readFragment } from '../graph/generated/fragment-masking.ts';
import {
  FoundConversationFragmentDoc,
  FoundParticipantFragmentDoc,
  FoundUserFragmentDoc,
} from '../graph/generated/graphql.ts';
import { Avatar } from './avatar.tsx';
import { HealthBadge, Time } from './badges.tsx';
import { providerWord } from './words.ts';

/** The rows by which lists show somebody, or a conversation. */

export function ParticipantRow({ of }: { of: FragmentType<typeof FoundParticipantFragmentDoc> }) {
  const participant = readFragment(FoundParticipantFragmentDoc, of);
  const { id, displayName, kind, email, avatarUrl, channels, unreachableReason } = participant;
  return (
    <li className="row">
      <Avatar name={displayName} url={avatarUrl} kind={kind} />
      <div className="row-text">
        <Link to="/people/$participantId" params={{ participantId: id }} dir="auto">
          {displayName}
        </Link>
        <small>
          {[email, ...channels.map(({ provider, address }) => `${providerWord(provider)} ${address}`)]
            .filter((part, index, all) => part && all.indexOf(part) === index)
            .join(' · ') || 'No address'}
        </small>
      </div>
      <HealthBadge reason={unreachableReason} />
    </li>
  );
}

export function UserRow({ of }: { of: FragmentType<typeof FoundUserFragmentDoc> }) {
  const { id, displayName, email, phoneNumber, fkId, source } = readFragment(FoundUserFragmentDoc, of);
  return (
    <li className="row">
      <span className="avatar" aria-hidden="true">
        <UserRound size="55%" />
      </span>
      <div className="row-text">
        <Link to="/users/$externalUserId" params={{ externalUserId: id }} dir="auto">
          {displayName}
        </Link>
        <small>{[email, phoneNumber, fkId].filter(Boolean).join(' · ')}</small>
      </div>
      {source && <span className="badge">{source}</span>}
    </li>
  );
}

export function ConversationRow({ of }: { of: FragmentType<typeof FoundConversationFragmentDoc> }) {
  const { id, name, status, createdAt, agent } = readFragment(FoundConversationFragmentDoc, of);
  return (
    <li className="row">
      <span className="avatar" aria-hidden="true">
        <MessageSquare size="50%" />
      </span>
      <div className="row-text">
        <Link to="/inbox/$conversationId" params={{ conversationId: id }} dir="auto">
          {name ?? 'Without a name'}
        </Link>
        <small>
          {agent ? `${agent.name} · ` : ''}
          <Time at={createdAt} />
        </small>
      </div>
      {status === 'CLOSED' && <span className="badge">Closed</span>}
    </li>
  );
}
