import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  DisableParticipantDocument,
  EnableParticipantDocument,
  type IdentityInput,
  PersonChannelFragmentDoc,
  RemoveAvatarDocument,
  UploadAvatarDocument,
} from '../../graph/generated/graphql.ts';
import { type Action, Actions, rightsActions } from '../../parts/actions.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import type { PersonOf } from './person.tsx';

/** An identifier that leads to the person, with all that is theirs. Null for a group, and for who has none. */
function identityOf({ kind, email, channels }: PersonOf): IdentityInput | null {
  if (kind !== 'PERSON') return null;
  if (email) return { email };
  const [first] = channels.map((channel) => readFragment(PersonChannelFragmentDoc, channel));
  return first ? { channel: { provider: first.provider, address: first.address } } : null;
}

/** The dialog that is open. */
export type Asked = 'disable' | 'erase' | 'export' | null;
type PersonActionsProps = { person: PersonOf; asked: Asked; setAsked(asked: Asked): void; reload(): void };

/** What can be done with a participant. What it will do is said before it is done. */
export function PersonActions({ person, asked, setAsked, reload }: PersonActionsProps) {
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const isAdmin = useMay('ADMIN');
  const disable = useAct(DisableParticipantDocument);
  const enable = useAct(EnableParticipantDocument);
  const upload = useAct(UploadAvatarDocument);
  const removeAvatar = useAct(RemoveAvatarDocument);
  const navigate = useNavigate();
  const file = useRef<HTMLInputElement>(null);
  const { id, disabledAt, displayName } = person;
  const by = identityOf(person);
  if (!mayWrite) return null;

  const items: Action[] = [
    disabledAt
      ? { key: 'enable', words: 'Enable', act: () => void enable.run({ id }).then(reload) }
      : { key: 'disable', words: 'Disable…', act: () => setAsked('disable') },
    { key: 'upload', words: 'Upload a picture…', act: () => file.current?.click() },
    ...(person.avatarSource
      ? [{ key: 'remove', words: 'Remove the picture', act: () => void removeAvatar.run({ id }) }]
      : []),
    {
      key: 'merge',
      words: 'Merge…',
      act: () => void navigate({ to: '/merge', search: { of: 'people', into: id } }),
    },
    ...(isAdmin && by ? rightsActions(setAsked) : []),
  ];
  const problem = enable.problem ?? upload.problem ?? removeAvatar.problem;
  return (
    <Actions items={items} name={displayName} by={by} asked={asked} onClose={() => setAsked(null)}>
      <input
        ref={file}
        type="file"
        accept="image/*"
        hidden
        aria-label="Picture"
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen) void upload.run({ id, file: chosen });
          event.target.value = '';
        }}
      />
      {problem && <ProblemPanel problem={problem} />}
      {asked === 'disable' && (
        <Confirm
          title={`Disable ${displayName}?`}
          action="Disable"
          busy={disable.busy}
          problem={disable.problem}
          onClose={() => setAsked(null)}
          onConfirm={async () => {
            if (!(await disable.run({ id }))) return;
            setAsked(null);
            reload();
          }}
        >
          <p>No agent can reach them until somebody enables them again. Nothing is deleted.</p>
        </Confirm>
      )}
    </Actions>
  );
}
