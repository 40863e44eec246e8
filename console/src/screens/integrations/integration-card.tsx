import { type FormEvent, useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  BeginConnectingDocument,
  ConnectByTokenDocument,
  DisconnectDocument,
  type IntegrationFragment,
  IntegrationFragmentDoc,
  MakeWebhookDocument,
} from '../../graph/generated/graphql.ts';
import { Time } from '../../parts/badges.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Secret } from '../../parts/secret.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import { providerWord } from '../../parts/words.ts';
import { Activation, type MadeWebhook } from './activation.tsx';
import { Manage } from './manage.tsx';

/**
 * How it stands with the token, in words. A sign-in has asked the provider, and it has told its workspace's name. A
 * token that somebody gave is checked by its first use, which nothing but a refusal tells.
 */
function standingOf({ provider, connected, disconnectedReason, workspaceName }: IntegrationFragment) {
  const label = providerWord(provider);
  if (connected && workspaceName) return { tone: 'good', words: 'Connected', hint: null };
  if (connected)
    return {
      tone: 'pending',
      words: 'Token saved',
      hint: `${label} was not asked about the token when it was saved. The next picture that is taken from a channel here asks: if ${label} refuses, this becomes “Token refused”.`,
    };
  if (disconnectedReason === 'TOKEN_REFUSED')
    return {
      tone: 'bad',
      words: 'Token refused',
      hint: `${label} refused the token when it was last used, so it was deleted. Nobody is reached until it is connected again.`,
    };
  return { tone: 'bad', words: 'Not connected', hint: null };
}

type CardProps = { of: FragmentType<typeof IntegrationFragmentDoc>; changed(): void };

/** The providers that are reached with a token, and whose webhook is for the whole config. */
const withToken = ['slack', 'teams', 'telegram', 'discord'];
const withSignIn = ['slack', 'teams'];

/** An integration config: whether it is connected, its webhooks, and what can be done with both. */
export function IntegrationCard({ of, changed }: CardProps) {
  const config = readFragment(IntegrationFragmentDoc, of);
  const mayWrite = useMay('INTEGRATIONS_WRITE');
  const begin = useAct(BeginConnectingDocument);
  const connect = useAct(ConnectByTokenDocument);
  const disconnect = useAct(DisconnectDocument);
  const webhook = useAct(MakeWebhookDocument);
  const [token, setToken] = useState('');
  const [made, setMade] = useState<MadeWebhook | null>(null);
  const [asked, setAsked] = useState(false);
  const { id, name, provider, connected, connectedAt, workspaceName, activations } = config;
  const standing = standingOf(config);
  const needsToken = withToken.includes(provider);
  const problem = begin.problem ?? connect.problem ?? webhook.problem;

  /** A problem is shown until the next attempt of any kind. */
  function forget(): void {
    for (const act of [begin, connect, webhook]) act.dismiss();
  }
  async function signIn(): Promise<void> {
    forget();
    const url = (await begin.run({ id }))?.beginIntegrationOAuth?.authorizationUrl;
    if (url) location.assign(url);
  }
  async function give(event: FormEvent): Promise<void> {
    event.preventDefault();
    forget();
    if (await connect.run({ id, token: token.trim() })) setToken('');
  }
  async function make(): Promise<void> {
    forget();
    setMade((await webhook.run({ id }))?.generateWebhookUrl ?? null);
    changed();
  }
  return (
    <li className="card">
      <header>
        <h2 dir="auto">{name}</h2>
        {needsToken && (
          <span className={`badge badge-${standing.tone}`} role="status">
            {standing.words}
          </span>
        )}
      </header>
      <p>
        <b>{providerWord(provider)}</b> {workspaceName}
        {connectedAt && (
          <small>
            {' '}
            {workspaceName ? 'connected' : 'token saved'} <Time at={connectedAt} />
          </small>
        )}
      </p>
      {needsToken && standing.hint && <p className="hint">{standing.hint}</p>}
      {activations.length > 0 && (
        <ul className="rows">
          {activations.map((activation) => (
            <Activation
              key={activation.webhookKeyId}
              of={activation}
              configId={id}
              rotated={(given) => {
                setMade(given);
                changed();
              }}
            />
          ))}
        </ul>
      )}
      {made && <Secret label="Webhook URL" value={made.webhookUrl} />}
      {made?.signingSecret && <Secret label="Signing secret" value={made.signingSecret} />}
      {problem && <ProblemPanel problem={problem} />}
      {mayWrite && (
        <div className="row-actions">
          {!connected && withSignIn.includes(provider) && (
            <button type="button" className="button button-primary" disabled={begin.busy} onClick={signIn}>
              Connect in the browser
            </button>
          )}
          {!connected && needsToken && (
            <form className="field-row" onSubmit={give}>
              <input
                type="password"
                aria-label={`Bot token of ${name}`}
                placeholder={withSignIn.includes(provider) ? 'or a bot’s token' : 'A bot’s token'}
                autoComplete="off"
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
              <button type="submit" className="button" disabled={!token.trim() || connect.busy}>
                Connect
              </button>
            </form>
          )}
          {needsToken && (
            <button type="button" className="button" disabled={webhook.busy} onClick={make}>
              New webhook URL
            </button>
          )}
          {connected && (
            <button type="button" className="button button-quiet" onClick={() => setAsked(true)}>
              Disconnect…
            </button>
          )}
          <Manage id={id} name={name} changed={changed} />
        </div>
      )}
      {asked && (
        <Confirm
          title={`Disconnect ${name}?`}
          action="Disconnect"
          danger
          busy={disconnect.busy}
          problem={disconnect.problem}
          onClose={() => setAsked(false)}
          onConfirm={async () => (await disconnect.run({ id })) && setAsked(false)}
        >
          <p>Its token is deleted. Channels of this integration cannot be reached until it is connected again.</p>
        </Confirm>
      )}
    </li>
  );
}
