import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components';
import { readFragment } from '../graph/generated/fragment-masking.ts';
import {
  FoundConversationFragmentDoc,
  FoundParticipantFragmentDoc,
  FoundUserFragmentDoc,
} from '../graph/generated/graphql.ts';
import { useDebounced } from '../parts/debounced.ts';
import { useSearch } from '../screens/find/search.ts';
import { useAgents } from './viewer.tsx';

type Choice = { id: string; words: string; more?: string | null | undefined; go(): void };

/** Takes an operator anywhere by a few letters: to somebody, to a conversation, to a page. */
export function Palette({ onClose }: { onClose(): void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const query = useDebounced(typed, 120);
  const found = useFound(query);
  const pages = usePages().filter(({ words }) => words.toLowerCase().includes(typed.trim().toLowerCase()));
  const everything: Choice = {
    id: 'all',
    words: `Everything about “${typed.trim()}”`,
    go: () => navigate({ to: '/find', search: { q: typed.trim() } }),
  };
  const sections = [
    { title: 'Directory', choices: found.participants },
    { title: 'External users', choices: found.users },
    { title: 'Conversations', choices: found.conversations },
    { title: 'Pages', choices: pages },
    { title: 'Search', choices: typed.trim() ? [everything] : [] },
  ].filter(({ choices }) => choices.length > 0);

  function act(key: string | number): void {
    onClose();
    for (const { choices } of sections) choices.find(({ id }) => id === key)?.go();
  }
  return (
    <ModalOverlay className="overlay overlay-top" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal palette">
        <Dialog aria-label="Find">
          <Autocomplete inputValue={typed} onInputChange={setTyped}>
            <SearchField aria-label="Who are you looking for?" autoFocus className="palette-field">
              <Input placeholder="Who are you looking for?" />
            </SearchField>
            <Menu className="menu palette-menu" onAction={act} renderEmptyState={() => <p className="hint">Nothing</p>}>
              {sections.map(({ title, choices }) => (
                <MenuSection key={title} id={title}>
                  <Header>{title}</Header>
                  {choices.map(({ id, words, more }) => (
                    <MenuItem key={id} id={id} textValue={words} className="menu-item">
                      <span dir="auto">{words}</span> <small>{more}</small>
                    </MenuItem>
                  ))}
                </MenuSection>
              ))}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function useFound(query: string) {
  const navigate = useNavigate();
  const { found, identity } = useSearch(query);
  const current = [...query.trim()].length >= 2 ? found.data : undefined;
  const persons = identity?.data?.whoIs.participants ?? current?.participantsConnection?.nodes ?? [];
  const customers = identity?.data?.whoIs.externalUsers ?? current?.externalUsersConnection?.nodes ?? [];
  return {
    participants: persons.map((node): Choice => {
      const { id, displayName, email } = readFragment(FoundParticipantFragmentDoc, node);
      const go = () => navigate({ to: '/people/$participantId', params: { participantId: id } });
      return { id, words: displayName, more: email, go };
    }),
    users: customers.map((node): Choice => {
      const { id, displayName, email, phoneNumber } = readFragment(FoundUserFragmentDoc, node);
      const go = () => navigate({ to: '/users/$externalUserId', params: { externalUserId: id } });
      return { id, words: displayName, more: email ?? phoneNumber, go };
    }),
    conversations: (current?.conversationsConnection?.nodes ?? []).map((node): Choice => {
      const { id, name, agent } = readFragment(FoundConversationFragmentDoc, node);
      const go = () => navigate({ to: '/inbox/$conversationId', params: { conversationId: id } });
      return { id, words: name ?? 'Without a name', more: agent?.name, go };
    }),
  };
}

function usePages(): Choice[] {
  const navigate = useNavigate();
  const agents = useAgents();
  return [
    { id: 'home', words: 'Home', go: () => navigate({ to: '/' }) },
    { id: 'inbox', words: 'Inbox', go: () => navigate({ to: '/inbox' }) },
    { id: 'senders', words: 'Unknown senders', go: () => navigate({ to: '/senders' }) },
    { id: 'duplicates', words: 'Duplicates', go: () => navigate({ to: '/duplicates' }) },
    { id: 'merge', words: 'Merge external users', go: () => navigate({ to: '/merge' }) },
    { id: 'merge people', words: 'Merge people', go: () => navigate({ to: '/merge', search: { of: 'people' } }) },
    { id: 'imports', words: 'Import and export', go: () => navigate({ to: '/imports' }) },
    { id: 'avatars', words: 'Pictures', go: () => navigate({ to: '/avatars' }) },
    { id: 'agents', words: 'Agents', go: () => navigate({ to: '/agents' }) },
    { id: 'integrations', words: 'Integrations', go: () => navigate({ to: '/integrations' }) },
    { id: 'keys', words: 'Keys', go: () => navigate({ to: '/keys' }) },
    { id: 'history', words: 'History', go: () => navigate({ to: '/history' }) },
    ...agents.map(({ id, name }) => ({
      id: `agent ${id}`,
      words: `Contacts of ${name}`,
      go: () => navigate({ to: '/agents/$agentId/contacts', params: { agentId: id } }),
    })),
  ];
}
