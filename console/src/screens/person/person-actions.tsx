import { Ellipsis } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import {
  DisableParticipantDocument,
  EnableParticipantDocument,
  RemoveAvatarDocument,
  UploadAvatarDocument,
} from '../../graph/generated/graphql.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import type { PersonOf } from './person.tsx';

type PersonActionsProps = { person: PersonOf; reload(): void };

/** What can be done with a participant. What they are told by, or what cannot be undone, is asked about first. */
export function PersonActions({ person, reload }: PersonActionsProps) {
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const disable = useAct(DisableParticipantDocument);
  const enable = useAct(EnableParticipantDocument);
  const upload = useAct(UploadAvatarDocument);
  const removeAvatar = useAct(RemoveAvatarDocument);
  const [asked, setAsked] = useState<'disable' | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const { id, disabledAt, displayName } = person;
  if (!mayWrite) return null;

  const items: { key: string; words: ReactNode; act(): void }[] = [
    disabledAt
      ? { key: 'enable', words: 'Enable', act: () => void enable.run({ id }).then(reload) }
      : { key: 'disable', words: 'Disable…', act: () => setAsked('disable') },
    { key: 'upload', words: 'Upload a picture…', act: () => file.current?.click() },
    ...(person.avatarSource
      ? [{ key: 'remove', words: 'Remove the picture', act: () => void removeAvatar.run({ id }) }]
      : []),
  ];
  const problem = enable.problem ?? upload.problem ?? removeAvatar.problem;
  return (
    <div className="person-actions">
      <MenuTrigger>
        <Button className="button">
          <Ellipsis aria-hidden="true" size={16} /> Actions
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" onAction={(key) => items.find((item) => item.key === key)?.act()}>
            {items.map(({ key, words }) => (
              <MenuItem key={key} id={key} className="menu-item">
                {words}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
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
    </div>
  );
}
