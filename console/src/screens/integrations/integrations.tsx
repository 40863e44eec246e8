import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import {
  CreateIntegrationDocument,
  IntegrationsChangedDocument,
  IntegrationsDocument,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { problemOf } from '../../graph/problem.ts';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { IntegrationCard } from './integration-card.tsx';

/** The workspaces, accounts and numbers by which channels are reached. */
export function Integrations() {
  useTitle('Integrations');
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="integrations" scope="participants:read" />;
  return <List />;
}

function List() {
  const [{ data, error, fetching }, again] = useQuery({ query: IntegrationsDocument });
  const mayWrite = useMay('INTEGRATIONS_WRITE');
  const readAgain = () => again({ requestPolicy: 'network-only' });
  useLive(IntegrationsChangedDocument, {}, { onEvent: readAgain, onReturn: readAgain });
  return (
    <div className="page page-narrow">
      <h1>Integrations</h1>
      {error && !data && <ProblemPanel problem={problemOf(error)} retry={readAgain} />}
      {fetching && !data && <Loading what="integrations" />}
      {data?.integrationConfigs.length === 0 && <Empty title="There is none yet" />}
      <ul className="cards">
        {data?.integrationConfigs.map((config) => (
          <IntegrationCard key={config.id} of={config} changed={readAgain} />
        ))}
      </ul>
      {mayWrite && <NewIntegration created={readAgain} />}
    </div>
  );
}

function NewIntegration({ created }: { created(): void }) {
  const [provider, setProvider] = useState('slack');
  const [name, setName] = useState('');
  const create = useAct(CreateIntegrationDocument);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!(await create.run({ provider: provider.trim(), name: name.trim() }))) return;
    setName('');
    created();
  }
  return (
    <form className="card" onSubmit={submit}>
      <h2>Another integration</h2>
      <div className="field-row">
        <input
          aria-label="Provider"
          list="providers"
          value={provider}
          onChange={(event) => setProvider(event.target.value)}
        />
        <datalist id="providers">
          {['slack', 'teams', 'telegram', 'discord', 'email', 'sms', 'whatsapp', 'voice'].map((known) => (
            <option key={known} value={known} />
          ))}
        </datalist>
        <input aria-label="Name" placeholder="Name" value={name} onChange={(event) => setName(event.target.value)} />
        <button type="submit" className="button" disabled={create.busy || !name.trim() || !provider.trim()}>
          Create
        </button>
      </div>
      {create.problem && <ProblemPanel problem={create.problem} />}
    </form>
  );
}
