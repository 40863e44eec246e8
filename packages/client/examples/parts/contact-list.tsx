import type { ContactFragment, FollowState, Problem } from '@rollcall/client';
import type { ReactNode } from 'react';

/** Shows contacts, and whether the list hears of changes. */
export function ContactList({
  contacts,
  state,
}: {
  contacts: readonly ContactFragment[];
  state: FollowState;
}): ReactNode {
  return (
    <>
      <p role="status">{state}</p>
      <ul>
        {contacts.map(({ id, displayName, reachable }) => (
          <li key={id}>
            {displayName} {reachable ? '' : '(cannot be reached)'}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Shows a problem by its code, and each value that breaks a rule. */
export function ProblemNote({ problem }: { problem: Problem }): ReactNode {
  return (
    <div role="alert">
      <strong>{problem.code}</strong> {problem.detail}
      <ul>
        {problem.fieldErrors.map(({ path, message }) => (
          <li key={path.join('.')}>
            {path.join('.')}: {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A form for a contact’s name. Whether it is good is for the service to say. */
export function AddContact({ add, busy }: { add: (displayName: string) => void; busy: boolean }): ReactNode {
  return (
    <form action={(form) => add(String(form.get('displayName')))}>
      <label>
        Name <input name="displayName" />
      </label>
      <button type="submit" disabled={busy}>
        Add
      </button>
    </form>
  );
}
