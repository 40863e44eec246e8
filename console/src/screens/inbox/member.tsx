import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type MemberFragment,
  MemberFragmentDoc,
  RemoveMemberDocument,
  SetMemberStatusDocument,
} from '../../graph/generated/graphql.ts';
import { Avatar } from '../../parts/avatar.tsx';
import { HealthBadge } from '../../parts/badges.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import { providerWord, statusWords } from '../../parts/words.ts';

type MemberRowProps = {
  of: FragmentType<typeof MemberFragmentDoc>;
  conversationId: string;
  open: boolean;
  changed(): void;
};

const typeWords: Readonly<Record<MemberFragment['type'], string>> = {
  USER: 'Participant',
  CONTACT: 'External user',
  AGENT: 'Agent',
  FLOW: 'Flow',
  BOT: 'Bot',
  ACCESS_KEY: 'Access key',
  CHANNEL: 'Channel',
  CONNECTOR: 'Connector',
  COLLABORATION_AUTOMATION: 'Automation',
};

/** Somebody in a conversation, and what an operator decides about them. */
export function MemberRow({ of, conversationId, open, changed }: MemberRowProps) {
  const member = readFragment(MemberFragmentDoc, of);
  const mayWrite = useMay('CONVERSATIONS_WRITE');
  const set = useAct(SetMemberStatusDocument);
  const remove = useAct(RemoveMemberDocument);
  const [asked, setAsked] = useState(false);
  const { id, status, subject } = member;
  const name = member.displayName ?? member.contact?.identifierValue ?? member.participantId;
  const to = (next: 'ACTIVE' | 'INVITED') => set.run({ conversationId, id, status: next });
  return (
    <li className="row row-tall">
      <Avatar
        name={name}
        url={member.avatarUrl}
        kind={member.type === 'AGENT' ? 'AI_AGENT' : subject?.__typename === 'Participant' ? subject.kind : null}
      />
      <div className="row-text">
        <MemberName name={name} subject={subject} />
        <small>
          {[typeWords[member.type], ...addressesOf(member)].filter((part) => part && part !== name).join(' · ')}
        </small>
        {set.problem && <ProblemPanel problem={set.problem} />}
      </div>
      {subject?.__typename === 'Participant' && subject.unreachableReason && (
        <HealthBadge reason={subject.unreachableReason} />
      )}
      <span className={`badge badge-${status.toLowerCase()}`}>{statusWords[status]}</span>
      {mayWrite && open && (
        <span className="row-actions">
          {status !== 'ACTIVE' && (
            <button
              type="button"
              className="button button-small button-primary"
              disabled={set.busy}
              onClick={() => to('ACTIVE')}
            >
              {status === 'PENDING' ? 'Approve' : 'Let in'}
            </button>
          )}
          {status === 'PENDING' && (
            <button type="button" className="button button-small" disabled={set.busy} onClick={() => to('INVITED')}>
              Invite
            </button>
          )}
          <button type="button" className="button button-small" onClick={() => setAsked(true)}>
            Remove
          </button>
        </span>
      )}
      {asked && (
        <Confirm
          title={`Remove ${name}?`}
          action="Remove"
          danger
          busy={remove.busy}
          problem={remove.problem}
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            if (!(await remove.run({ conversationId, id }))) return;
            setAsked(false);
            changed();
          }}
        >
          <p>They no longer take part in this conversation. They can be added again.</p>
        </Confirm>
      )}
    </li>
  );
}

function MemberName({ name, subject }: { name: string; subject: MemberFragment['subject'] }) {
  if (subject?.__typename === 'Participant')
    return (
      <Link to="/people/$participantId" params={{ participantId: subject.id }} dir="auto">
        {name}
      </Link>
    );
  if (subject?.__typename === 'ExternalUser')
    return (
      <Link to="/users/$externalUserId" params={{ externalUserId: subject.id }} dir="auto">
        {name}
      </Link>
    );
  return <span dir="auto">{name}</span>;
}

function addressesOf({ subject, contact }: MemberFragment): (string | null | undefined)[] {
  if (subject?.__typename === 'Participant')
    return subject.channels.map(({ provider, address }) => `${providerWord(provider)} ${address}`);
  if (subject?.__typename === 'ExternalUser') return [subject.email, subject.phoneNumber, subject.fkId];
  return [contact?.identifierValue];
}
