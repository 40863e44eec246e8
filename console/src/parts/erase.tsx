import { useState } from 'react';
import { useQuery } from 'urql';
import { useAct } from '../graph/act.ts';
import { ErasePersonDocument, type IdentityInput, MeantDocument } from '../graph/generated/graphql.ts';
import { problemOf } from '../graph/problem.ts';
import { Confirm } from './confirm.tsx';
import { Loading, ProblemPanel } from './states.tsx';
import { counted } from './words.ts';

type EraseProps = { name: string; by: IdentityInput; onClose(): void };

/** Erases a person after saying who is meant and what goes. Nothing of it can be undone. */
export function Erase({ name, by, onClose }: EraseProps) {
  const [{ data, error, fetching }] = useQuery({ query: MeantDocument, variables: { by } });
  const [block, setBlock] = useState(false);
  const erase = useAct(ErasePersonDocument);
  const [done, setDone] = useState<string | null>(null);
  const meant = data?.whoIs;
  /** Loads the page anew: the browser’s way back would show what the cache has of them. */
  const leave = () => location.assign('/');

  if (done)
    return (
      <Confirm title={`${name} was erased`} action="Close" done onConfirm={leave} onClose={leave}>
        <p>{done}</p>
      </Confirm>
    );
  async function go(): Promise<void> {
    const erased = (await erase.run({ by, block }))?.erasePerson?.erased;
    if (!erased) return;
    setDone(
      [
        counted(erased.participants, 'participant'),
        counted(erased.externalUsers, 'external user'),
        counted(erased.memberships, 'membership'),
        counted(erased.historyEntries, 'entry of the history', 'entries of the history'),
        `and ${counted(erased.files, 'file')} are gone.`,
      ].join(', '),
    );
  }
  return (
    <Confirm
      title={`Erase ${name} for good?`}
      action="Erase for good"
      danger
      typed={name}
      ready={Boolean(meant)}
      busy={erase.busy}
      problem={erase.problem}
      onClose={onClose}
      onConfirm={go}
    >
      {fetching && !meant && <Loading what="who is meant" />}
      {error && !meant && <ProblemPanel problem={problemOf(error)} />}
      {meant && (
        <>
          <p>These go, with their channels, pictures and history, and {memberships(meant)}:</p>
          <ul className="bullets">
            {meant.participants.map(({ id, displayName }) => (
              <li key={id} dir="auto">
                {displayName}, in the directory
              </li>
            ))}
            {meant.externalUsers.map(({ id, displayName }) => (
              <li key={id} dir="auto">
                {displayName}, external user
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="notice">Nothing of it can be brought back. Files of imports and exports are deleted as well.</p>
      <label className="check">
        <input type="checkbox" checked={block} onChange={({ target }) => setBlock(target.checked)} />
        <span>Keep digests of the identifiers, so that no import and no message brings them back</span>
      </label>
    </Confirm>
  );
}

const memberships = ({ conversationParticipants }: { conversationParticipants: readonly unknown[] }) =>
  conversationParticipants.length === 0
    ? 'no membership in conversations'
    : counted(conversationParticipants.length, 'membership in conversations', 'memberships in conversations');
