import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import {
  AgentListDocument,
  type AgentListQuery,
  AgentsChangedDocument,
  CreateAgentDocument,
  DeleteAgentDocument,
  type DeleteAgentMutation,
  RenameAgentDocument,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { RenameAndDelete } from '../../parts/rename-and-delete.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted } from '../../parts/words.ts';

type AgentOf = AgentListQuery['agents'][number];

/** The agents: made, renamed, and deleted with what goes with them. */
export function Agents() {
  useTitle('Agents');
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="the directory" scope="participants:read" />;
  return <List />;
}

function List() {
  const [{ data, error, fetching }, again] = useQuery({ query: AgentListDocument });
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const readAgain = () => again({ requestPolicy: 'network-only' });
  useLive(AgentsChangedDocument, {}, { onEvent: readAgain, onReturn: readAgain });
  return (
    <div className="page page-narrow">
      <h1>Agents</h1>
      {error && !data && <ProblemPanel problem={problemOf(error)} retry={readAgain} />}
      {fetching && !data && <Loading what="agents" />}
      {data?.agents.length === 0 && <Empty title="There is none yet" />}
      <ul className="cards">
        {data?.agents.map((agent) => (
          <AgentCard key={agent.id} agent={agent} changed={readAgain} />
        ))}
      </ul>
      {mayWrite && <NewAgent created={readAgain} />}
    </div>
  );
}

/** What is deleted or ends with an agent, in words. */
function goesWords({ deleteAgent }: DeleteAgentMutation): string[] {
  if (!deleteAgent) return [];
  const { bindings, conversations, keys, memberships, representatives } = deleteAgent.goes;
  return [
    bindings > 0 && `${counted(bindings, 'binding')}: it has no contacts any more; they stay.`,
    conversations > 0 && `${counted(conversations, 'conversation')}: they stay, and belong to no agent.`,
    keys > 0 && `${counted(keys, 'key')}: they end at once.`,
    memberships > 0 && `${counted(memberships, 'membership')} of its own in conversations.`,
    representatives > 0 && `${counted(representatives, 'participant')} that are this agent.`,
  ].filter((words) => typeof words === 'string');
}

function AgentCard({ agent: { id, name, createdAt }, changed }: { agent: AgentOf; changed(): void }) {
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  return (
    <li className="card">
      <header>
        <h2 dir="auto">
          <Link to="/agents/$agentId/contacts" params={{ agentId: id }}>
            {name}
          </Link>
        </h2>
      </header>
      <p className="hint">
        <code>{id}</code>, since <Time at={createdAt} />
      </p>
      {mayWrite && (
        <div className="row-actions">
          <RenameAndDelete
            id={id}
            name={name}
            renaming={RenameAgentDocument}
            deleting={DeleteAgentDocument}
            goesWords={goesWords}
            changed={changed}
          />
        </div>
      )}
    </li>
  );
}

function NewAgent({ created }: { created(): void }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const create = useAct(CreateAgentDocument);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!(await create.run({ id: id.trim(), name: name.trim() }))) return;
    setId('');
    setName('');
    created();
  }
  return (
    <form className="card" onSubmit={submit}>
      <h2>Another agent</h2>
      <div className="field-row">
        <input aria-label="Name" placeholder="Name" value={name} onChange={(event) => setName(event.target.value)} />
        <input
          aria-label="Id"
          placeholder="Id, for example billing-bot"
          value={id}
          onChange={(event) => setId(event.target.value)}
        />
        <button type="submit" className="button" disabled={create.busy || !name.trim() || !id.trim()}>
          Create
        </button>
      </div>
      {create.problem && <ProblemPanel problem={create.problem} />}
    </form>
  );
}
