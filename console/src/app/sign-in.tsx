import { type FormEvent, useState } from 'react';
import { type Credential, type Settings, signInByPage } from './session.ts';

type SignInProps = {
  settings: Settings;
  /** Whether the service has refused the credential before. */
  refused: boolean;
  onSignIn(credential: Credential): void;
};

/** The sign-in: by the page itself on this machine, by OpenID Connect, or by an access key. */
export function SignIn({ settings, refused, onSignIn }: SignInProps) {
  const [key, setKey] = useState('');
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (key.trim()) onSignIn({ kind: 'key', key: key.trim() });
  }
  return (
    <main className="sign-in">
      <h1>Rollcall</h1>
      <p className="lead">Who is on the other end?</p>
      {refused && (
        <p className="problem" role="alert">
          The sign-in has ended, or the service did not accept it. Sign in again.
        </p>
      )}
      {settings.token && (
        <button type="button" className="button button-primary" onClick={signInByPage}>
          Continue as the developer of this machine
        </button>
      )}
      <form onSubmit={submit}>
        <label htmlFor="access-key">Access key</label>
        <input
          id="access-key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <p className="hint">It stays in this tab, and is forgotten when the tab is closed.</p>
        <button type="submit" className="button" disabled={!key.trim()}>
          Sign in with the key
        </button>
      </form>
    </main>
  );
}
