import {
  applyContactChange,
  type ContactFragment,
  ContactsChangedDocument,
  ContactsDocument,
  CreateContactDocument,
  type Endpoint,
  type FollowState,
  follow,
  type Problem,
  problemOf,
} from '@rollcall/client';
import { type ReactNode, StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Client, fetchExchange, Provider, useClient, useMutation } from 'urql';
import { AddContact, ContactList, ProblemNote } from '../parts/contact-list.tsx';
import { SignIn, signedFetch } from '../parts/sign-in.tsx';

/** Follows the contacts of an agent. What is true now comes through urql’s client, and the page keeps it. */
function useContacts(endpoint: Endpoint, agentId: string) {
  const client = useClient();
  const [contacts, setContacts] = useState<readonly ContactFragment[]>([]);
  const [state, setState] = useState<FollowState>('connecting');
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const followed = follow({
      endpoint,
      subscription: ContactsChangedDocument,
      variables: { agentId },
      async current() {
        const read = client.query(ContactsDocument, { agentId }, { requestPolicy: 'network-only' });
        const { data, error } = await read.toPromise();
        if (!data) throw error;
        return data.participants;
      },
      onCurrent: setContacts,
      onEvent({ participantChanged }) {
        if (participantChanged.everything) followed.refresh();
        else setContacts((before) => applyContactChange(before, participantChanged));
      },
      onState: setState,
      onEnd: setProblem,
    });
    return followed.stop;
  }, [client, endpoint, agentId]);
  return { contacts, state, problem };
}

function Contacts({ endpoint, agentId }: { endpoint: Endpoint; agentId: string }): ReactNode {
  const { contacts, state, problem } = useContacts(endpoint, agentId);
  const [{ fetching, error }, create] = useMutation(CreateContactDocument);
  return (
    <>
      <AddContact
        busy={fetching}
        add={(displayName) => void create({ input: { kind: 'PERSON', displayName, agentIds: [agentId] } })}
      />
      {error && <ProblemNote problem={problemOf(error)} />}
      {problem ? <ProblemNote problem={problem} /> : <ContactList contacts={contacts} state={state} />}
    </>
  );
}

function Page({ endpoint, agentId }: { endpoint: Endpoint; agentId: string }): ReactNode {
  const [client] = useState(
    () =>
      new Client({
        url: endpoint.url,
        preferGetMethod: false,
        fetch: signedFetch(endpoint),
        exchanges: [fetchExchange],
      }),
  );
  return (
    <Provider value={client}>
      <Contacts endpoint={endpoint} agentId={agentId} />
    </Provider>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <SignIn>{(endpoint, agentId) => <Page endpoint={endpoint} agentId={agentId} />}</SignIn>
    </StrictMode>,
  );
