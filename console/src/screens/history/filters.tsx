import { useState } from 'react';
import { useQuery } from 'urql';
import { useViewer } from '../../app/viewer.tsx';
import { HistoryActorsDocument } from '../../graph/generated/graphql.ts';
import { daysAgo } from './days.ts';
import { actorKinds } from './kinds.ts';

/** What an address narrows the history to. */
export type Narrowing = {
  actor?: string | undefined;
  /** A key of `actorKinds`. */
  kind?: string | undefined;
  operation?: string | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};
type Actor = { id: string; name: string };
type FiltersProps = {
  of: Narrowing;
  /** The actors and operations of the entries that are shown: they can be chosen beside the known ones. */
  actors: readonly Actor[];
  operations: readonly string[];
  onChange(change: Narrowing): void;
};

const days = [
  { words: 'Any day', from: undefined, to: undefined },
  { words: 'Today', from: 0, to: 0 },
  { words: 'Yesterday', from: 1, to: 1 },
  { words: 'Last 7 days', from: 6, to: 0 },
] as const;

/** Narrows the history to an actor or a kind of them, an operation and days. */
export function Filters({ of, actors, operations, onChange }: FiltersProps) {
  return (
    <>
      <fieldset className="filters">
        <legend className="visually-hidden">Days</legend>
        {days.map(({ words, ...ago }) => {
          const [from, to] = [ago.from, ago.to].map((some) => (some === undefined ? undefined : daysAgo(some)));
          const chosen = of.from === from && of.to === to;
          return (
            <button
              key={words}
              type="button"
              className="filter"
              aria-pressed={chosen}
              onClick={() => onChange({ from, to })}
            >
              {words}
            </button>
          );
        })}
      </fieldset>
      <div className="narrowing">
        <label className="field">
          <span>From</span>
          <input
            type="date"
            value={of.from ?? ''}
            max={of.to}
            onChange={({ target }) => onChange({ from: target.value || undefined })}
          />
        </label>
        <label className="field">
          <span>To</span>
          <input
            type="date"
            value={of.to ?? ''}
            min={of.from}
            onChange={({ target }) => onChange({ to: target.value || undefined })}
          />
        </label>
        <label className="field">
          <span>Kind</span>
          <select
            value={of.kind && of.kind in actorKinds ? of.kind : ''}
            onChange={({ target }) => onChange({ kind: target.value || undefined })}
          >
            <option value="">Any kind</option>
            {Object.entries(actorKinds).map(([kind, { words }]) => (
              <option key={kind} value={kind}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <ActorField chosen={of.actor} seen={actors} onChoose={(actor) => onChange({ actor })} />
        <OperationField
          key={of.operation}
          chosen={of.operation}
          seen={operations}
          onChoose={(operation) => onChange({ operation })}
        />
      </div>
    </>
  );
}

type ActorFieldProps = {
  chosen: string | undefined;
  seen: readonly Actor[];
  onChoose(actor: string | undefined): void;
};

/** The operator, the keys, and who else has changed something that is shown. */
function ActorField({ chosen, seen, onChoose }: ActorFieldProps) {
  const { subject } = useViewer();
  const [{ data }] = useQuery({ query: HistoryActorsDocument });
  const keys = (data?.keys ?? []).map(({ id, name, kind }) => ({ id, name: name ?? `A key (${kind})` }));
  const named = [...seen, ...keys].filter(({ id }) => id !== subject);
  const actors = new Map(named.map(({ id, name }) => [id, name]));
  if (chosen && chosen !== subject && !actors.has(chosen)) actors.set(chosen, chosen);
  return (
    <label className="field">
      <span>By</span>
      <select value={chosen ?? ''} onChange={({ target }) => onChoose(target.value || undefined)}>
        <option value="">Anybody</option>
        <option value={subject}>Me ({subject})</option>
        {[...actors].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

type OperationFieldProps = {
  chosen: string | undefined;
  seen: readonly string[];
  onChoose(operation: string | undefined): void;
};

/** An operation is asked for when it is whole: on Enter, when one is chosen, and when the field is left. */
function OperationField({ chosen, seen, onChoose }: OperationFieldProps) {
  const [typed, setTyped] = useState(chosen ?? '');
  function choose(text = typed): void {
    const operation = text.trim() || undefined;
    if (operation !== chosen) onChoose(operation);
  }
  return (
    <form
      className="field"
      onSubmit={(event) => {
        event.preventDefault();
        choose();
      }}
    >
      <label htmlFor="operation">Operation</label>
      <input
        id="operation"
        list="operations"
        placeholder="Any, like undoMerge"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          if (seen.includes(target.value) || target.value === '') choose(target.value);
        }}
        onBlur={() => choose()}
      />
      <datalist id="operations">
        {seen.map((operation) => (
          <option key={operation} value={operation} />
        ))}
      </datalist>
    </form>
  );
}
