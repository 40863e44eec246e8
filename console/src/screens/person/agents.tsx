import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useAgents, useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { BindParticipantDocument, UnbindParticipantDocument } from '../../graph/generated/graphql.ts';
import { Section } from '../../parts/section.tsx';
import { Empty, ProblemPanel } from '../../parts/states.tsx';
import type { PersonOf } from './person.tsx';

/** The agents that have this participant as a contact. */
export function Agents({ person }: { person: PersonOf }) {
  const all = useAgents();
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const bind = useAct(BindParticipantDocument);
  const unbind = useAct(UnbindParticipantDocument);
  const others = all.filter(({ id }) => !person.agents.some((agent) => agent.id === id));
  const problem = bind.problem ?? unbind.problem;
  return (
    <Section title="Contact of" count={person.agents.length}>
      {person.agents.length === 0 && <Empty title="No agent has them as a contact" />}
      <ul className="tags">
        {person.agents.map((agent) => (
          <li key={agent.id} className="tag">
            <Link to="/agents/$agentId/contacts" params={{ agentId: agent.id }}>
              {agent.name}
            </Link>
            {mayWrite && (
              <button
                type="button"
                aria-label={`Unbind from ${agent.name}`}
                disabled={unbind.busy}
                onClick={() => unbind.run({ id: person.id, agentId: agent.id })}
              >
                <X aria-hidden="true" size={13} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {mayWrite && others.length > 0 && (
        <label className="inline-field">
          <span>Bind to</span>
          <select
            value=""
            disabled={bind.busy}
            onChange={(event) => bind.run({ id: person.id, agentId: event.target.value })}
          >
            <option value="" disabled>
              Choose an agent
            </option>
            {others.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {problem && <ProblemPanel problem={problem} />}
    </Section>
  );
}
