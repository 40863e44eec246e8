import { type FormEvent, useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  BeginConnectingDocument,
  ConnectByTokenDocument,
  DisconnectDocument,
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
  const { id, name, provider, connected, connectedAt, disconnectedReason, workspaceName, activations } = config;
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
          <span className={`badge badge-${connected ? 'good' : 'bad'}`}>
            {connected ? 'Connected' : disconnectedReason === 'TOKEN_REFUSED' ? 'Token refused' : 'Not connected'}
          </span>
        )}
      </header>
      <p>
        <b>{providerWord(provider)}</b> {workspaceName}
        {connectedAt && (
          <small>
            {' '}
            connected <Time at={connectedAt} />
          </small>
        )}
      </p>
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
