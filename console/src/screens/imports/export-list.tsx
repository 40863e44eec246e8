import { useEffect, useState } from 'react';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type DataFormat,
  type DataKind,
  ExportListDocument,
  type ExportListQuery,
  ExportStateFragmentDoc,
  StartExportDocument,
} from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { Time } from '../../parts/badges.tsx';
import { Section } from '../../parts/section.tsx';
import { Loading, ProblemPanel } from '../../parts/states.tsx';
import { counted } from '../../parts/words.ts';
import { kinds, stateBadges, stateWords } from './kinds.ts';

const exportsOf = ({ exportsConnection }: ExportListQuery) => exportsConnection;
const askedEveryMs = 2_000;

/** Takes everything of a kind out, and has the files that were made lately. */
export function ExportList() {
  const [kind, setKind] = useState<DataKind>('EXTERNAL_USERS');
  const [format, setFormat] = useState<DataFormat>('CSV');
  const start = useAct(StartExportDocument);
  const { nodes, fetching, problem, refresh } = usePaged(ExportListDocument, { first: 10 }, exportsOf);
  const running = nodes.some((node) => isRunning(node));
  // No subscription tells how far an export is.
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(refresh, askedEveryMs);
    return () => clearInterval(timer);
  }, [running, refresh]);
  return (
    <Section title="Exports">
      <div className="field-row">
        <label className="inline-field">
          <span>Everything of</span>
          <select value={kind} onChange={({ target }) => setKind(target.value as DataKind)}>
            {Object.entries(kinds).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label className="inline-field">
          <span>As</span>
          <select value={format} onChange={({ target }) => setFormat(target.value as DataFormat)}>
            <option value="CSV">CSV</option>
            <option value="NDJSON">NDJSON</option>
          </select>
        </label>
        <button
          type="button"
          className="button"
          disabled={start.busy}
          onClick={async () => (await start.run({ kind, format })) && refresh()}
        >
          Export
        </button>
      </div>
      {start.problem && <ProblemPanel problem={start.problem} />}
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="exports" />}
      <ul className="rows">
        {nodes.map((node) => (
          <ExportRow key={node.id} of={node} />
        ))}
      </ul>
    </Section>
  );
}

type ExportOf = FragmentType<typeof ExportStateFragmentDoc>;

function isRunning(of: ExportOf): boolean {
  const { state } = readFragment(ExportStateFragmentDoc, of);
  return state === 'QUEUED' || state === 'RUNNING';
}

function ExportRow({ of }: { of: ExportOf }) {
  const { kind, state, rows, url, createdAt, error } = readFragment(ExportStateFragmentDoc, of);
  return (
    <li className="row">
      <div className="row-text">
        {url ? (
          <a href={url} download>
            {kinds[kind]}
          </a>
        ) : (
          <span>{kinds[kind]}</span>
        )}
        <small>
          <Time at={createdAt} /> · {counted(rows, 'row')}
          {state === 'DONE' && !url && ' · the file is kept no longer'}
          {error && ` · ${error.detail}`}
        </small>
      </div>
      <span className={stateBadges[state]}>{stateWords[state]}</span>
    </li>
  );
}
