import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type FragmentType, readFragment } from '../graph/generated/fragment-masking.ts';
import { type DuplicateKind, ParticipantPartyFragmentDoc, UserPartyFragmentDoc } from '../graph/generated/graphql.ts';
import { Avatar } from './avatar.tsx';
import { Time } from './badges.tsx';
import { counted, kindWords, providerWord } from './words.ts';

/** One of those who may be the same: an external user or a participant, as far as that is to be seen side by side. */
export type Party = {
  kind: DuplicateKind;
  id: string;
  name: string;
  createdAt: string;
  /** What leads to them: identifiers or channels. */
  marks: readonly { id: string; kind: string; value: string }[];
  facts: readonly string[];
};

export function partyOfUser(of: FragmentType<typeof UserPartyFragmentDoc>): Party {
  const user = readFragment(UserPartyFragmentDoc, of);
  const { id, displayName: name, createdAt, identifiers, source, context, metadata, conversationIds } = user;
  const kinds = { emailaddress: 'E-mail', phonenumber: 'Telephone', fkid: 'Foreign key' } as const;
  const facts = [source, context, ...Object.entries(metadata ?? {}).map(([key, value]) => `${key}: ${String(value)}`)];
  return {
    kind: 'EXTERNAL_USER',
    id,
    name,
    createdAt,
    marks: identifiers.map((one) => ({ id: one.id, kind: kinds[one.identifierKey], value: one.identifierValue })),
    facts: [...facts.filter((fact) => typeof fact === 'string'), counted(conversationIds.length, 'conversation')],
  };
}

export function partyOfParticipant(of: FragmentType<typeof ParticipantPartyFragmentDoc>): Party {
  const participant = readFragment(ParticipantPartyFragmentDoc, of);
  const { id, displayName: name, createdAt, channels, kind, email, agents } = participant;
  const facts = [
    kindWords[kind],
    email,
    agents.length > 0 && `contact of ${agents.map((agent) => agent.name).join(', ')}`,
  ];
  return {
    kind: 'PARTICIPANT',
    id,
    name,
    createdAt,
    marks: channels.map((channel) => ({
      id: channel.id,
      kind: providerWord(channel.provider),
      value: channel.address,
    })),
    facts: facts.filter((fact) => typeof fact === 'string'),
  };
}

/** Leads to the page of somebody who is merged, or may be. */
export function PartyLink({ kind, id, name }: Pick<Party, 'kind' | 'id' | 'name'>) {
  return kind === 'PARTICIPANT' ? (
    <Link to="/people/$participantId" params={{ participantId: id }} dir="auto" className="side-name">
      {name}
    </Link>
  ) : (
    <Link to="/users/$externalUserId" params={{ externalUserId: id }} dir="auto" className="side-name">
      {name}
    </Link>
  );
}

type PartyCardProps = { title?: ReactNode; of: Party; children?: ReactNode };

/** One of those who may be the same, to be put beside the others. */
export function PartyCard({ title, of, children }: PartyCardProps) {
  const { name, marks, facts, createdAt } = of;
  return (
    <article className="card" aria-label={typeof title === 'string' ? title : name}>
      {title && (
        <header>
          <h2>{title}</h2>
        </header>
      )}
      <div className="party-head">
        <Avatar name={name} size={32} />
        <PartyLink {...of} />
      </div>
      <ul className="marks">
        {marks.map((mark) => (
          <li key={mark.id}>
            <b>{mark.kind}</b> <span dir="auto">{mark.value}</span>
          </li>
        ))}
        {marks.length === 0 && <li className="hint">No address</li>}
      </ul>
      <p className="hint" dir="auto">
        {facts.join(' · ')}
      </p>
      <p className="hint">
        Known since <Time at={createdAt} />
      </p>
      {children}
    </article>
  );
}
