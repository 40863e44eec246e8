import { useState } from 'react';
import { useAct } from '../graph/act.ts';
import { type MergeOfFragment, UndoMergeDocument, type UndoMergeMutation } from '../graph/generated/graphql.ts';
import { Confirm } from './confirm.tsx';

type Lost = NonNullable<UndoMergeMutation['undoMerge']>['notRestored'];
type UndoMergeProps = { merge: MergeOfFragment; mayUndo: boolean; onUndone?(): void };

/** Takes a merge back, after saying what that does. What could not be brought back stays to be read. */
export function UndoMerge({ merge, mayUndo, onUndone }: UndoMergeProps) {
  const undo = useAct(UndoMergeDocument);
  const [asked, setAsked] = useState(false);
  const [lost, setLost] = useState<Lost>([]);
  const from = merge.from.map(({ displayName }) => displayName).join(', ');
  async function run(): Promise<void> {
    const done = await undo.run({ id: merge.id });
    if (!done) return;
    setLost(done.undoMerge?.notRestored ?? []);
    setAsked(false);
    onUndone?.();
  }
  return (
    <>
      {mayUndo && !merge.undoneAt && (
        <button type="button" className="button button-small" onClick={() => setAsked(true)}>
          Undo the merge…
        </button>
      )}
      {lost.length > 0 && (
        <div role="status">
          <p>Could not be brought back:</p>
          <ul className="bullets">
            {lost.map(({ subjectId, field, detail }) => (
              <li key={subjectId + field}>
                {field}: {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
      {asked && (
        <Confirm
          title={`Undo the merge of ${from}?`}
          action="Undo the merge"
          busy={undo.busy}
          problem={undo.problem}
          onConfirm={run}
          onClose={() => setAsked(false)}
        >
          <p>
            <b dir="auto">{from}</b> is there again, with what was theirs and has not been changed since.{' '}
            <b dir="auto">{merge.into.displayName}</b> stays, without that.
          </p>
        </Confirm>
      )}
    </>
  );
}
