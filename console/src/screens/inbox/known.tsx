import { Link } from '@tanstack/react-router';
import type { EnsureParticipantInput, KnownByQuery } from '../../graph/generated/graphql.ts';
import { Avatar } from '../../parts/avatar.tsx';
import { kindWords } from '../../parts/words.ts';

/** Somebody that an identifier leads to, and how they are added to a conversation as who they are. */
export type Known = {
  id: string;
  name: string;
  isUser: boolean;
  /** What tells them from others of the same name. */
  more: string;
  avatarUrl: string | null;
  participant: EnsureParticipantInput;
};

export function knownOf(data: KnownByQuery | undefined): Known[] {
  const { participants = [], externalUsers = [] } = data?.whoIs ?? {};
  return [
    ...participants.map(({ id, displayName, kind, email, avatarUrl }) => ({
      id,
      name: displayName,
      isUser: false,
      more: [`${kindWords[kind]} of the directory`, email].filter(Boolean).join(' · '),
      avatarUrl: avatarUrl ?? null,
      participant: { user: { id } },
    })),
    ...externalUsers.map(({ id, displayName, email, phoneNumber, fkId }) => ({
      id,
      name: displayName,
      isUser: true,
      more: ['External user', email, phoneNumber, fkId].filter(Boolean).join(' · '),
      avatarUrl: null,
      participant: { contact: { id } },
    })),
  ];
}

type KnownRowsProps = {
  of: readonly Known[];
  /** The ids of those who take part already. */
  taking: ReadonlySet<string>;
  busy: boolean;
  onAdd(known: Known): void;
  /** Adds a new external user. Null where that is not to be offered. */
  onNew: (() => void) | null;
};

/** Those that an identifier leads to: who takes part already, and the others to be added. */
export function KnownRows({ of, taking, busy, onAdd, onNew }: KnownRowsProps) {
  return (
    <ul className="rows" aria-label="Known by it">
      {of.map((known) => (
        <li key={known.id} className="row">
          <Avatar name={known.name} url={known.avatarUrl} />
          <div className="row-text">
            <KnownName of={known} />
            <small>{known.more}</small>
          </div>
          {taking.has(known.id) ? (
            <span className="badge badge-active">Takes part already</span>
          ) : (
            <button
              type="button"
              className="button button-small"
              aria-label={`Add ${known.name}, ${known.isUser ? 'external user' : 'of the directory'}`}
              disabled={busy}
              onClick={() => onAdd(known)}
            >
              Add
            </button>
          )}
        </li>
      ))}
      {/* An external user who is known is that one: another with their identifier would be the same person twice. */}
      {onNew && !of.some(({ isUser }) => isUser) && (
        <li className="row">
          <button type="button" className="button button-small button-quiet" disabled={busy} onClick={onNew}>
            Add as a new external user all the same
          </button>
        </li>
      )}
    </ul>
  );
}

function KnownName({ of: { id, name, isUser } }: { of: Known }) {
  return isUser ? (
    <Link to="/users/$externalUserId" params={{ externalUserId: id }} dir="auto">
      {name}
    </Link>
  ) : (
    <Link to="/people/$participantId" params={{ participantId: id }} dir="auto">
      {name}
    </Link>
  );
}
