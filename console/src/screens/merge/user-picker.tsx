import { useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { useQuery } from 'urql';
import { PickUsersDocument } from '../../graph/generated/graphql.ts';
import { useDebounced } from '../../parts/debounced.ts';

/** Finds an external user by what is typed. */
export function UserPicker({ label, onPick }: { label: string; onPick(id: string): void }) {
  const [typed, setTyped] = useState('');
  const query = useDebounced(typed).trim();
  const pause = [...query].length < 2;
  const [{ data, fetching }] = useQuery({ query: PickUsersDocument, variables: { query }, pause });
  const found = pause ? [] : (data?.externalUsersConnection.nodes ?? []);
  return (
    <ComboBox
      className="field"
      items={found}
      inputValue={typed}
      onInputChange={setTyped}
      onSelectionChange={(id) => id !== null && onPick(String(id))}
      defaultFilter={() => true}
      allowsEmptyCollection
      menuTrigger="input"
    >
      <Label>{label}</Label>
      <Input placeholder="Name, e-mail, number, foreign key" />
      <Popover className="popover">
        <ListBox<(typeof found)[number]>
          className="menu"
          renderEmptyState={() => <p className="hint">{pause || fetching ? 'Searching…' : 'Nobody is found'}</p>}
        >
          {({ id, displayName, email, phoneNumber, fkId }) => (
            <ListBoxItem id={id} textValue={displayName} className="menu-item">
              <span dir="auto">{displayName}</span> <small>{email ?? phoneNumber ?? fkId}</small>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
