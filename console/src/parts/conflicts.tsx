export type Conflict = { field: string; kept: string; dropped: string };
type ConflictsProps = { of: readonly Conflict[] };

/** The fields in which they differ. */
export function Conflicts({ of }: ConflictsProps) {
  if (of.length === 0) return <p className="hint">They differ in no field.</p>;
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Stays</th>
          <th scope="col">Is dropped</th>
        </tr>
      </thead>
      <tbody>
        {of.map(({ field, kept, dropped }) => (
          <tr key={field}>
            <td>{field}</td>
            <td dir="auto">{kept}</td>
            <td dir="auto">
              <del>{dropped}</del>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
