import { Ellipsis } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { IdentityInput } from '../graph/generated/graphql.ts';
import { Erase } from './erase.tsx';
import { ExportPerson } from './export-person.tsx';

export type Action = { key: string; words: ReactNode; act(): void };

/** What the law asks for. Only an administrator is offered it, about who has an identifier that leads to them. */
export const rightsActions = (ask: (asked: 'export' | 'erase') => void): Action[] => [
  { key: 'export', words: 'Export everything…', act: () => ask('export') },
  { key: 'erase', words: 'Erase for good…', act: () => ask('erase') },
];

type ActionsProps = {
  items: readonly Action[];
  /** Whose data are exported or erased, when that is asked for. */
  name: string;
  by: IdentityInput | null;
  asked: string | null;
  onClose(): void;
  children?: ReactNode;
};

/** The menu of what can be done with somebody, and the dialogs of what the law asks for. */
export function Actions({ items, name, by, asked, onClose, children }: ActionsProps) {
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
      {children}
      {asked === 'export' && by && <ExportPerson name={name} by={by} onClose={onClose} />}
      {asked === 'erase' && by && <Erase name={name} by={by} onClose={onClose} />}
    </div>
  );
}
