import { useNavigate } from '@tanstack/react-router';
import { FileUp } from 'lucide-react';
import { type DragEvent, useState } from 'react';
import { readSettings } from '../../app/session.ts';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type DataKind, type ImportConflict, StartImportDocument } from '../../graph/generated/graphql.ts';
import { NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { ExportList } from './export-list.tsx';
import { ImportList } from './import-list.tsx';
import { ImportProgress } from './import-progress.tsx';
import { kinds } from './kinds.ts';
import { Mapping, useMapping } from './mapping.tsx';
import { type Sample, sampleOf } from './sample.ts';

const conflicts: Readonly<Record<ImportConflict, string>> = {
  SKIP: 'Leave them as they are',
  UPDATE: 'Change them',
  FAIL: 'Refuse the row',
};

const { largestImport } = readSettings();
/** Rounded up, so that what is too large says so. */
const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000).toLocaleString('en')} MB`;
const limit = Number.isFinite(largestImport) ? `; at most ${megabytes(largestImport)}` : '';

/** Brings a file in: the file, its columns, a run that only says what would be, and then the import. */
export function Imports() {
  useTitle('Import and export');
  if (!useMay('ADMIN')) return <NotAllowed what="imports" scope="admin" />;
  return <NewImport />;
}

function NewImport() {
  const navigate = useNavigate();
  const [kind, setKind] = useState<DataKind>('EXTERNAL_USERS');
  const [onConflict, setOnConflict] = useState<ImportConflict>('SKIP');
  const [chosen, setChosen] = useState<{ file: File; sample: Sample } | null>(null);
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const [tried, setTried] = useState<string | null>(null);
  const mapping = useMapping(kind, chosen?.sample.columns ?? []);
  const start = useAct(StartImportDocument);

  async function choose(file: File | undefined): Promise<void> {
    if (!file) return;
    setTried(null);
    setUnreadable(null);
    if (file.size > largestImport) {
      setChosen(null);
      setUnreadable(`${file.name} has ${megabytes(file.size)}, and the most is ${megabytes(largestImport)}.`);
      return;
    }
    try {
      setChosen({ file, sample: await sampleOf(file) });
    } catch {
      setChosen(null);
      setUnreadable(`${file.name} is neither a table with a first row of names nor lines of JSON.`);
    }
  }
  async function run(dryRun: boolean): Promise<void> {
    if (!chosen) return;
    const { file, sample } = chosen;
    const input = { kind, format: sample.format, file, onConflict, dryRun, mapping: mapping.changed };
    const id = (await start.run({ input }))?.startImport?.import.id;
    if (!id) return;
    if (dryRun) setTried(id);
    else navigate({ to: '/imports/$importId', params: { importId: id } });
  }
  return (
    <div className="page page-narrow">
      <h1>Import and export</h1>
      <div className="field-row">
        <label className="inline-field">
          <span>Rows are</span>
          <select value={kind} onChange={({ target }) => setKind(target.value as DataKind)}>
            {Object.entries(kinds).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label className="inline-field">
          <span>Those that exist</span>
          <select value={onConflict} onChange={({ target }) => setOnConflict(target.value as ImportConflict)}>
            {Object.entries(conflicts).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </div>
      <FileField name={chosen?.file.name ?? null} onChoose={choose} />
      {unreadable && (
        <p className="problem" role="alert">
          {unreadable}
        </p>
      )}
      {chosen && <Mapping sample={chosen.sample} mapping={mapping} />}
      {start.problem && <ProblemPanel problem={start.problem} />}
      {chosen && (
        <div className="field-row">
          <button type="button" className="button" disabled={start.busy} onClick={() => run(true)}>
            Try without writing
          </button>
          <button type="button" className="button button-primary" disabled={start.busy} onClick={() => run(false)}>
            {start.busy ? 'Sending…' : 'Import'}
          </button>
        </div>
      )}
      {tried && <ImportProgress id={tried} />}
      <ImportList key={tried} />
      <ExportList />
    </div>
  );
}

function FileField({ name, onChoose }: { name: string | null; onChoose(file: File | undefined): void }) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onChoose(event.dataTransfer.files[0]);
  };
  return (
    <label
      className={`drop ${over ? 'drop-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <FileUp aria-hidden="true" size={22} />
      <span>
        <b>{name ?? 'Choose a file'}</b> {name ? '' : 'or drop it here'}
      </span>
      <small>CSV with a first row of names, or NDJSON{limit}</small>
      <input
        type="file"
        className="visually-hidden"
        accept=".csv,.tsv,.txt,.ndjson,.jsonl,text/csv"
        onChange={({ target }) => onChoose(target.files?.[0])}
      />
    </label>
  );
}
