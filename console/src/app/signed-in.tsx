import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { createGraph, createUncached } from '../graph/client.ts';
import { UncachedProvider } from '../graph/uncached.tsx';
import {
  authorizationOf,
  type Credential,
  credentialOf,
  endOf,
  forgetCredential,
  keepCredential,
  readSettings,
} from './session.ts';
import { SignIn } from './sign-in.tsx';
import { ViewerProvider } from './viewer.tsx';

const settings = readSettings();

type Session = { endsAt: number | null; signOut(): void };
const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(Context);
  if (!session) throw new Error('Nobody is signed in here.');
  return session;
}

/** Shows the console to who is signed in, and the sign-in to everybody else. */
export function SignedIn({ children }: { children: ReactNode }) {
  const [credential, setCredential] = useState(() => credentialOf(settings));
  const [refused, setRefused] = useState(false);

  function signIn(given: Credential): void {
    keepCredential(given);
    setRefused(false);
    setCredential(given);
  }
  // A client for each credential: what one operator has read is not shown to the next.
  const uncached = useMemo(
    () => credential && createUncached({ authorization: authorizationOf(credential) }),
    [credential],
  );
  const graph = useMemo(
    () =>
      credential &&
      createGraph({
        authorization: authorizationOf(credential),
        onSignedOut() {
          forgetCredential();
          setRefused(true);
          setCredential(null);
        },
      }),
    [credential],
  );
  const session = useMemo(
    () => ({
      endsAt: credential && endOf(credential),
      signOut() {
        forgetCredential();
        setRefused(false);
        setCredential(null);
      },
    }),
    [credential],
  );
  if (!graph) return <SignIn settings={settings} refused={refused} onSignIn={signIn} />;
  return (
    <Provider value={graph}>
      <Context value={session}>
        <UncachedProvider value={uncached}>
          <ViewerProvider>{children}</ViewerProvider>
        </UncachedProvider>
      </Context>
    </Provider>
  );
}
