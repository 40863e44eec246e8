import { useState } from 'react';
import { useQuery } from 'urql';
import { type DataKind, ImportMappingDocument } from '../../graph/generated/graphql.ts';
import { problemOf } from '../../graph/problem.ts';
import { Section } from '../../parts/section.tsx';
import { ProblemPanel } from '../../parts/states.tsx';
import type { Sample } from './sample.ts';

type MappingState = {
  fields: readonly { field: string; column: string | null; otherColumns: readonly string[] }[];
  choose(field: string, column: string | null): void;
  /** What to send: null as long as the guess stands. */
  changed: Record<string, string> | null;
  error: unknown;
};

/** The fields of a kind, each with its column: as the service guesses, until the operator chooses another. */
export function useMapping(kind: DataKind, columns: readonly string[]): MappingState {
  const [{ data, error }] = useQuery({
    query: ImportMappingDocument,
    variables: { kind, columns: [...columns] },
    pause: columns.length === 0,
  });
  const key = `${kind} ${columns.join('\n')}`;
  const [choices, setChoices] = useState<{ key: string; of: Record<string, string | null> }>({ key, of: {} });
  const own = choices.key === key ? choices.of : {};
  const guess = columns.length > 0 ? (data?.importMapping ?? []) : [];
  const isGuess = Object.keys(own).length === 0;
  const fields = guess.map(({ field, column, otherColumns }) => ({
    field,
    column: field in own ? (own[field] ?? null) : (column ?? null),
    // A mapping names one column a field.
    otherColumns: isGuess ? otherColumns : [],
  }));
  const changed = isGuess
    ? null
    : Object.fromEntries(fields.flatMap(({ field, column }) => (column ? [[field, column]] : [])));
  return {
    fields,
    changed,
    error,
    choose: (field, column) => setChoices({ key, of: { ...own, [field]: column } }),
  };
}

/** Which column is which, with the first values of each. */
export function Mapping({ sample, mapping }: { sample: Sample; mapping: MappingState }) {
  const { columns, rows } = sample;
  const valuesOf = (column: string | null) =>
    column
      ? rows
          .map((row) => row[columns.indexOf(column)])
          .filter(Boolean)
          .join(', ')
      : '';
  const read = new Set(mapping.fields.flatMap(({ column, otherColumns }) => [column, ...otherColumns]));
  const unread = [...new Set(columns)].filter((name) => name && !read.has(name));
  return (
    <Section title="Columns">
      {mapping.error ? <ProblemPanel problem={problemOf(mapping.error)} /> : null}
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Column</th>
            <th scope="col">First values</th>
          </tr>
        </thead>
        <tbody>
          {mapping.fields.map(({ field, column, otherColumns }) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>
                <select
                  aria-label={`Column of ${field}`}
                  value={column ?? ''}
                  onChange={({ target }) => mapping.choose(field, target.value || null)}
                >
                  <option value="">–</option>
                  {[...new Set(columns)].map((name) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                </select>
                {otherColumns.length > 0 && (
                  <small>
                    {' and '}
                    <bdi>{otherColumns.join(', ')}</bdi>
                  </small>
                )}
              </td>
              <td dir="auto">
                <small>{valuesOf(column)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {mapping.fields.length > 0 && unread.length > 0 && (
        <p className="hint" role="status">
          Not read: <b dir="auto">{unread.join(', ')}</b>. Choose them above if they are needed.
        </p>
      )}
    </Section>
  );
}
