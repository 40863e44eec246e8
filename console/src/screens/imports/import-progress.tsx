import { getRouteApi, Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  CancelImportDocument,
  ImportOfDocument,
  ImportProgressDocument,
  type ImportStateFragment,
  ImportStateFragmentDoc,
} from '../../graph/generated/graphql.ts';
import { useLive } from '../../graph/live.ts';
import { problemOf } from '../../graph/problem.ts';
import { Bar } from '../../parts/bar.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { counted } from '../../parts/words.ts';

const route = getRouteApi('/imports/$importId');

/** One import, at an address of its own. */
export function ImportPage() {
  useTitle('Import');
  const { importId } = route.useParams();
  if (!useMay('ADMIN')) return <NotAllowed what="imports" scope="admin" />;
  return (
    <div className="page page-narrow">
      <h1>Import</h1>
      <ImportProgress id={importId} />
      <p>
        <Link to="/imports">Import another file</Link>
      </p>
    </div>
  );
}

/** How far an import is, live, and what came of it. */
export function ImportProgress({ id }: { id: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: ImportOfDocument, variables: { id } });
  const state = readFragment(ImportStateFragmentDoc, data?.import);
  const over = state ? state.state !== 'QUEUED' && state.state !== 'RUNNING' : false;
  const cancel = useAct(CancelImportDocument);
  useLive(
    ImportProgressDocument,
    { id },
    { onEvent: () => {}, onReturn: () => again({ requestPolicy: 'network-only' }), paused: !state || over },
  );
  if (error && !state) return <ProblemPanel problem={problemOf(error)} retry={() => again()} />;
  if (!state) return fetching ? <Loading what="the import" /> : <Empty title="There is no import here" />;
  return (
    <Section
      title={titleOf(state)}
      actions={
        !over && (
          <button
            type="button"
            className="button button-small"
            disabled={cancel.busy}
            onClick={() => cancel.run({ id })}
          >
            Cancel
          </button>
        )
      }
    >
      <Bar
        label="Rows done"
        done={state.doneRows}
        total={state.totalRows ?? null}
        secondsLeft={over ? null : (state.estimatedSecondsLeft ?? null)}
      />
      <dl className="figures">
        {(['created', 'updated', 'unchanged', 'rejected'] as const).map((name) => (
          <div key={name}>
            <dt>{state.dryRun ? `Would be ${name}` : `${name[0]?.toUpperCase()}${name.slice(1)}`}</dt>
            <dd>{state[name]}</dd>
          </div>
        ))}
      </dl>
      {state.error && (
        <p className="problem">
          {state.error.detail} <code>{state.error.code}</code>
        </p>
      )}
      {state.unreadColumns.length > 0 && (
        <p className="hint">
          Columns that are not read:{' '}
          {state.unreadColumns.map((name, at) => (
            <Fragment key={name}>
              {at > 0 && ', '}
              <b dir="auto">{name}</b>
            </Fragment>
          ))}
        </p>
      )}
      {state.rejectedRowsUrl && (
        <p>
          <a href={state.rejectedRowsUrl} download>
            {counted(state.rejected, 'rejected row')}, with the reason of each
          </a>
        </p>
      )}
      {cancel.problem && <ProblemPanel problem={cancel.problem} />}
    </Section>
  );
}

function titleOf({ state, dryRun }: ImportStateFragment): string {
  const what = dryRun ? 'The trial' : 'The import';
  const words = {
    QUEUED: 'waits',
    RUNNING: 'goes on',
    DONE: 'is done',
    FAILED: 'has failed',
    CANCELLED: 'was cancelled',
  };
  return `${what} ${words[state]}`;
}
