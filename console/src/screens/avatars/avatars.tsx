import { Link } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useMemo, useRef } from 'react';
import { useQuery } from 'urql';
import { useAgents, useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  AvatarBatchesDocument,
  AvatarFailuresDocument,
  type AvatarFailuresQuery,
  BatchFragmentDoc,
  BatchProgressDocument,
  FailureFragmentDoc,
  RetrySyncDocument,
  SyncAgentDocument,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { type Paged, usePaged } from '../../graph/paged.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { Bar } from '../../parts/bar.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted, providerWord } from '../../parts/words.ts';

const failuresOf = ({ avatarSyncFailuresConnection }: AvatarFailuresQuery) => avatarSyncFailuresConnection;

/** The pictures of each agent's contacts: the last batch, and the syncs that were given up. */
export function Avatars() {
  useTitle('Pictures');
  const agents = useAgents();
  if (!useMay('PARTICIPANTS_READ')) return <NotAllowed what="the directory" scope="participants:read" />;
  return (
    <div className="page page-narrow">
      <h1>Pictures</h1>
      <p className="lead">They are taken from the contacts’ channels, all of an agent’s at once.</p>
      {agents.length === 0 && <Empty title="There is no agent" />}
      <Batches agents={agents} />
    </div>
  );
}

type Agent = { id: string; name: string };

function Batches({ agents }: { agents: readonly Agent[] }) {
  const filter = useMemo(() => ({}), []);
  const failures = usePaged(AvatarFailuresDocument, { filter, first: 20 }, failuresOf);
  return (
    <>
      {agents.map((agent) => (
        <AgentBatch key={agent.id} agent={agent} failed={failures.refresh} />
      ))}
      <Failures list={failures} />
    </>
  );
}

/** Calls back when a number that was known is another one. */
function useOther(number: number | undefined, call: () => void): void {
  const known = useRef(number);
  const changed = useEffectEvent(call);
  useEffect(() => {
    if (known.current !== undefined && number !== known.current) changed();
    known.current = number ?? known.current;
  }, [number]);
}

function AgentBatch({ agent, failed }: { agent: Agent; failed(): void }) {
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const [{ data, error }, again] = useQuery({ query: AvatarBatchesDocument, variables: { agentId: agent.id } });
  const sync = useAct(SyncAgentDocument);
  const batch = readFragment(BatchFragmentDoc, data?.agent?.avatarSyncBatch);
  const running = batch?.state === 'RUNNING';
  const reread = () => again({ requestPolicy: 'network-only' });
  // Before the first batch none has failed.
  useOther(data && (batch?.failed ?? 0), failed);
  useLive(BatchProgressDocument, { id: batch?.id ?? '' }, { onEvent: () => {}, onReturn: reread, paused: !running });
  const secondsLeft = batch?.estimatedCompletionAt
    ? (new Date(batch.estimatedCompletionAt).getTime() - Date.now()) / 1_000
    : null;
  return (
    <Section
      title={agent.name}
      actions={
        mayWrite && (
          <button
            type="button"
            className="button button-small"
            disabled={sync.busy || running}
            onClick={async () => (await sync.run({ agentId: agent.id })) && reread()}
          >
            {running ? 'Syncing…' : 'Sync all'}
          </button>
        )
      }
    >
      {error && !data && <ProblemPanel problem={problemOf(error)} />}
      {sync.problem && <ProblemPanel problem={sync.problem} />}
      {data && !batch && <p className="hint">Not synced yet.</p>}
      {batch && (
        <>
          <Bar label="Contacts" done={batch.done} total={batch.total} secondsLeft={running ? secondsLeft : null} />
          <p className="hint">
            {counted(batch.synced, 'picture')} taken, {batch.skipped} left as they were, {batch.failed} failed
            {batch.finishedAt && (
              <>
                ; over <Time at={batch.finishedAt} />
              </>
            )}
          </p>
          <ul className="tags">
            {batch.failures.map(({ code, count }) => (
              <li key={code} className="badge badge-bad">
                <code>{code}</code> {count}
              </li>
            ))}
            {batch.waiting.map(({ code, count }) => (
              <li key={code} className="badge badge-pending">
                waits: <code>{code}</code> {count}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function Failures({ list }: { list: Paged<ReturnType<typeof failuresOf>['nodes'][number]> }) {
  return (
    <Section title="Given up" count={list.totalCount}>
      {list.problem && <ProblemPanel problem={list.problem} retry={list.refresh} />}
      {list.nodes.length === 0 && !list.fetching && <p className="hint">No sync was given up.</p>}
      <ul className="rows">
        {list.nodes.map((node) => (
          <FailureRow key={node.id} of={node} changed={list.refresh} />
        ))}
      </ul>
      {list.hasMore && (
        <button type="button" className="button button-small" onClick={list.more} disabled={list.fetching}>
          Show more
        </button>
      )}
    </Section>
  );
}

function FailureRow({ of, changed }: { of: FragmentType<typeof FailureFragmentDoc>; changed(): void }) {
  const { id, participant, provider, address, error, failedAt } = readFragment(FailureFragmentDoc, of);
  const mayWrite = useMay('PARTICIPANTS_WRITE');
  const retry = useAct(RetrySyncDocument);
  return (
    <li className="row">
      <div className="row-text">
        <Link to="/people/$participantId" params={{ participantId: participant.id }} dir="auto">
          {participant.displayName}
        </Link>
        <small>
          {providerWord(provider)} {address} · <Time at={failedAt} /> · {error.detail} <code>{error.code}</code>
        </small>
        {retry.problem && <ProblemPanel problem={retry.problem} />}
      </div>
      {mayWrite && (
        <button
          type="button"
          className="button button-small"
          disabled={retry.busy}
          onClick={async () => (await retry.run({ id })) && changed()}
        >
          Try again
        </button>
      )}
    </li>
  );
}
