import { type FormEvent, useState } from 'react';
import { type Credential, type Settings, signInByPage } from './session.ts';

type SignInProps = {
  settings: Settings;
  /** Why there is no credential, where that is to be told. */
  told: string | null;
  onSignIn(credential: Credential): void;
};

/** The sign-in: by the page itself on this machine, by OpenID Connect, or by an access key. */
export function SignIn({ settings, told, onSignIn }: SignInProps) {
  const [key, setKey] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const { openId, token } = settings;
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (key.trim()) onSignIn({ kind: 'key', key: key.trim() });
  }
  return (
    <main className="sign-in">
      <h1>Rollcall</h1>
      <p className="lead">Who is on the other end?</p>
      {(fault ?? told) && (
        <p className="problem" role="alert">
          {fault ?? told}
        </p>
      )}
      {token && (
        <button type="button" className="button button-primary" onClick={signInByPage}>
          Continue as the developer of this machine
        </button>
      )}
      {openId && (
        <button
          type="button"
          className="button button-primary"
          onClick={() =>
            import('./openid.ts')
              .then(({ beginSignIn }) => beginSignIn(openId))
              .catch((error: Error) => setFault(error.message))
          }
        >
          Sign in at {new URL(openId.issuer).host}
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
