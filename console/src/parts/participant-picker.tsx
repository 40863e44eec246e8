import { useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { useQuery } from 'urql';
import { PickParticipantsDocument } from '../graph/generated/graphql.ts';
import { useDebounced } from './debounced.ts';
import { kindWords } from './words.ts';

export type Picked = { id: string; displayName: string };
type ParticipantPickerProps = { label: string; picked: Picked | null; onPick(picked: Picked | null): void };

/** Finds somebody of the directory by what is typed. */
export function ParticipantPicker({ label, picked, onPick }: ParticipantPickerProps) {
  const [typed, setTyped] = useState(picked?.displayName ?? '');
  const query = useDebounced(typed).trim();
  const pause = [...query].length < 2;
  const [{ data, fetching }] = useQuery({ query: PickParticipantsDocument, variables: { query }, pause });
  const found = pause ? [] : (data?.participantsConnection.nodes ?? []);
  return (
    <ComboBox
      className="field"
      items={found}
      // Without this, leaving the field would empty it and unpick them.
      selectedKey={picked?.id ?? null}
      inputValue={typed}
      onInputChange={(text) => {
        setTyped(text);
        if (picked && text !== picked.displayName) onPick(null);
      }}
      onSelectionChange={(id) => {
        const chosen = found.find((participant) => participant.id === id);
        if (!chosen) return;
        setTyped(chosen.displayName);
        onPick(chosen);
      }}
      defaultFilter={() => true}
      allowsEmptyCollection
      menuTrigger="input"
    >
      <Label>{label}</Label>
      <Input placeholder="Name, e-mail, number" />
      <Popover className="popover">
        <ListBox<(typeof found)[number]>
          className="menu"
          renderEmptyState={() => <p className="hint">{pause || fetching ? 'Searching…' : 'Nobody is found'}</p>}
        >
          {({ id, displayName, email, kind }) => (
            <ListBoxItem id={id} textValue={displayName} className="menu-item">
              <span dir="auto">{displayName}</span> <small>{email ?? kindWords[kind]}</small>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
