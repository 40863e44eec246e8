import { Link } from '@tanstack/react-router';
import { useMay } from '../app/viewer.tsx';
import { type FragmentType, readFragment } from '../graph/generated/fragment-masking.ts';
import { EntryFragmentDoc } from '../graph/generated/graphql.ts';
import { Time } from './badges.tsx';
import { Who } from './who.tsx';

type EntryOf = FragmentType<typeof EntryFragmentDoc>;

const verbs = { CREATED: 'created', UPDATED: 'changed', DELETED: 'deleted' } as const;

const spaced = (name: string) => name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

function shownValue(value: unknown): string {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

type HistoryListProps = {
  of: readonly (EntryOf & { id: string })[];
  /** What the list is narrowed to already, where an administrator narrows it further to who did something. */
  within: Readonly<Record<string, string | undefined>>;
};

/** What was changed, who did it, and when: the newest first. */
export function HistoryList({ of, within }: HistoryListProps) {
  const linked = useMay('ADMIN');
  return (
    <ol className="history">
      {of.map((entry) => (
        <Entry key={entry.id} of={entry} within={linked ? within : null} />
      ))}
    </ol>
  );
}

/** What was changed, with the way to its page where it has one. */
function Subject({ type, id }: { type: string; id: string }) {
  const words = `the ${spaced(type)}`;
  if (type === 'Participant')
    return (
      <Link to="/people/$participantId" params={{ participantId: id }}>
        {words}
      </Link>
    );
  if (type === 'ExternalUser')
    return (
      <Link to="/users/$externalUserId" params={{ externalUserId: id }}>
        {words}
      </Link>
    );
  if (type === 'Conversation')
    return (
      <Link to="/inbox/$conversationId" params={{ conversationId: id }}>
        {words}
      </Link>
    );
  return words;
}

function Entry({ of, within }: { of: EntryOf; within: HistoryListProps['within'] | null }) {
  const { actor, action, operation, requestId, subjectType, subjectId, occurredAt, changes } = readFragment(
    EntryFragmentDoc,
    of,
  );
  return (
    <li>
      <p>
        {within && actor.id ? (
          <Link to="/history" search={{ ...within, actor: actor.id }} title="Show what they have changed">
            <Who {...actor} />
          </Link>
        ) : (
          <Who {...actor} />
        )}{' '}
        {verbs[action]} <Subject type={subjectType} id={subjectId} /> <Time at={occurredAt} />
      </p>
      {action === 'UPDATED' && (
        <ul>
          {changes.map(({ field, before, after }) => (
            <li key={field}>
              {spaced(field)}: <del>{shownValue(before)}</del> → <ins>{shownValue(after)}</ins>
            </li>
          ))}
        </ul>
      )}
      {operation && <small title={requestId ? `Request ${requestId}` : undefined}>{operation}</small>}
    </li>
  );
}
