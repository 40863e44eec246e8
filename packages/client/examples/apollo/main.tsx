import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { ApolloProvider, useApolloClient, useMutation, useQuery } from '@apollo/client/react';
import {
  applyContactChange,
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
import { AddContact, ContactList, ProblemNote } from '../parts/contact-list.tsx';
import { SignIn, signedFetch } from '../parts/sign-in.tsx';

/** Follows the contacts of an agent. What is true now and each event go into Apollo’s cache, which the page shows. */
function useContacts(endpoint: Endpoint, agentId: string) {
  const client = useApolloClient();
  const { data } = useQuery(ContactsDocument, { variables: { agentId }, fetchPolicy: 'cache-only' });
  const [state, setState] = useState<FollowState>('connecting');
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const list = { query: ContactsDocument, variables: { agentId } };
    const followed = follow({
      endpoint,
      subscription: ContactsChangedDocument,
      variables: { agentId },
      // Apollo writes the answer into its cache.
      current: (signal) =>
        client.query({ ...list, fetchPolicy: 'network-only', context: { fetchOptions: { signal } } }),
      onCurrent: () => {},
      onEvent({ participantChanged }) {
        if (participantChanged.everything) followed.refresh();
        else
          client.cache.updateQuery(
            list,
            (before) =>
              before && { ...before, participants: applyContactChange(before.participants, participantChanged) },
          );
      },
      onState: setState,
      onEnd: setProblem,
    });
    return followed.stop;
  }, [client, endpoint, agentId]);
  return { contacts: data?.participants ?? [], state, problem };
}

function Contacts({ endpoint, agentId }: { endpoint: Endpoint; agentId: string }): ReactNode {
  const { contacts, state, problem } = useContacts(endpoint, agentId);
  const [create, { loading, error }] = useMutation(CreateContactDocument);
  return (
    <>
      <AddContact
        busy={loading}
        add={(displayName) => {
          // The hook has the error, too.
          create({ variables: { input: { kind: 'PERSON', displayName, agentIds: [agentId] } } }).catch(() => {});
        }}
      />
      {error && <ProblemNote problem={problemOf(error)} />}
      {problem ? <ProblemNote problem={problem} /> : <ContactList contacts={contacts} state={state} />}
    </>
  );
}

function Page({ endpoint, agentId }: { endpoint: Endpoint; agentId: string }): ReactNode {
  const [client] = useState(
    () =>
      new ApolloClient({
        link: new HttpLink({ uri: endpoint.url, fetch: signedFetch(endpoint) }),
        cache: new InMemoryCache(),
      }),
  );
  return (
    <ApolloProvider client={client}>
      <Contacts endpoint={endpoint} agentId={agentId} />
    </ApolloProvider>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <SignIn>{(endpoint, agentId) => <Page endpoint={endpoint} agentId={agentId} />}</SignIn>
    </StrictMode>,
  );
