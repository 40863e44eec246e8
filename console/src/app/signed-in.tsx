import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { createGraph, createUncached } from '../graph/client.ts';
import { UncachedProvider } from '../graph/uncached.tsx';
import { Loading } from '../parts/states.tsx';
import {
  authorizationOf,
  type Credential,
  credentialOf,
  endOf,
  forgetCredential,
  keepCredential,
  readSettings,
  returnPath,
} from './session.ts';
import { SignIn } from './sign-in.tsx';
import { ViewerProvider } from './viewer.tsx';

const settings = readSettings();
const refusal = 'The sign-in has ended, or the service did not accept it. Sign in again.';
/** By which the tabs of a browser tell each other that the operator has signed out. */
const tabs = new BroadcastChannel('rollcall');

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
  const [told, setTold] = useState<string | null>(null);
  const [returning, setReturning] = useState(() => settings.openId !== null && location.pathname === returnPath);

  const leave = useCallback((why: string | null): void => {
    forgetCredential();
    setTold(why);
    setCredential(null);
  }, []);
  function signIn(given: Credential): void {
    keepCredential(given);
    setTold(null);
    setCredential(given);
  }
  useReturn(returning, (given, fault) => {
    if (given) signIn(given);
    else leave(fault);
    setReturning(false);
  });
  useEffect(() => {
    const heard = () => leave('You have signed out in another tab.');
    tabs.addEventListener('message', heard);
    return () => tabs.removeEventListener('message', heard);
  }, [leave]);
  // A client for each credential: what one operator has read is not shown to the next.
  const clients = useMemo(() => {
    if (!credential) return null;
    const authorization = authorizationOf(credential);
    const onSignedOut = () => leave(refusal);
    return { graph: createGraph({ authorization, onSignedOut }), uncached: createUncached({ authorization }) };
  }, [credential, leave]);
  const session = useMemo(
    () => ({
      endsAt: credential && endOf(credential),
      signOut() {
        leave(null);
        tabs.postMessage('signed out');
        const { openId } = settings;
        if (openId && credential?.kind === 'token' && credential.idToken) {
          const { idToken } = credential;
          import('./openid.ts').then(({ endSession }) => endSession(openId, idToken));
        }
      },
    }),
    [credential, leave],
  );
  if (returning) return <Loading what="your sign-in" />;
  if (!clients) return <SignIn settings={settings} told={told} onSignIn={signIn} />;
  return (
    <Provider value={clients.graph}>
      <Context value={session}>
        <UncachedProvider value={clients.uncached}>
          <ViewerProvider>{children}</ViewerProvider>
        </UncachedProvider>
      </Context>
    </Provider>
  );
}

let finishing: Promise<Credential> | undefined;

/** Finishes a sign-in, once: a code is good for one use. */
function useReturn(returning: boolean, done: (credential: Credential | null, fault: string) => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is finished once, by the first render
  useEffect(() => {
    const { openId } = settings;
    if (!returning || !openId) return;
    finishing ??= import('./openid.ts').then(({ finishSignIn }) => finishSignIn(openId));
    finishing.then(
      (credential) => done(credential, ''),
      (error: Error) => done(null, `The sign-in did not succeed: ${error.message}`),
    );
  }, [returning]);
}
