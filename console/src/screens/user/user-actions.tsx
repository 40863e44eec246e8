import { useNavigate } from '@tanstack/react-router';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useMay } from '../../app/viewer.tsx';
import type { IdentityInput, UserQuery } from '../../graph/generated/graphql.ts';
import { Erase } from '../../parts/erase.tsx';
import { ExportPerson } from '../../parts/export-person.tsx';

type UserOf = NonNullable<UserQuery['externalUser']>;

function identityOf({ email, phoneNumber, fkId }: UserOf): IdentityInput | null {
  if (email) return { email };
  if (phoneNumber) return { phoneNumber };
  return fkId ? { fkId } : null;
}

/** What can be done with an external user. */
export function UserActions({ user }: { user: UserOf }) {
  const navigate = useNavigate();
  const isAdmin = useMay('ADMIN');
  const mayWrite = useMay('USERS_WRITE');
  const [asked, setAsked] = useState<'erase' | 'export' | null>(null);
  const by = identityOf(user);
  const items = [
    ...(mayWrite
      ? [{ key: 'merge', words: 'Merge…', act: () => void navigate({ to: '/merge', search: { into: user.id } }) }]
      : []),
    ...(isAdmin && by
      ? [
          { key: 'export', words: 'Export everything…', act: () => setAsked('export') },
          { key: 'erase', words: 'Erase for good…', act: () => setAsked('erase') },
        ]
      : []),
  ];
  if (items.length === 0) return null;
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
      {asked === 'export' && by && <ExportPerson name={user.displayName} by={by} onClose={() => setAsked(null)} />}
      {asked === 'erase' && by && <Erase name={user.displayName} by={by} onClose={() => setAsked(null)} />}
    </div>
  );
}
