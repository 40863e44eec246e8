import type { ContactCountsQuery, ParticipantFilter, UnreachableReason } from '../../graph/generated/graphql.ts';
import { reasonHelp, reasonWords } from '../../parts/words.ts';

type Counts = ContactCountsQuery['participantCounts'];

const isReason = (text: string): text is UnreachableReason => text in reasonWords;

/** The part of a filter that an address’s `health` stands for. */
export function healthFilter(health: string | undefined): ParticipantFilter {
  if (health === 'reachable') return { reachable: true };
  if (health === 'unreachable') return { reachable: false };
  return health && isReason(health) ? { reason: health } : {};
}

type HealthFiltersProps = {
  counts: Counts | undefined;
  chosen: string | undefined;
  onChoose(health: string | undefined): void;
};

/** How many contacts can be reached, and how many can't for each reason; each number narrows the list to them. */
export function HealthFilters({ counts, chosen, onChoose }: HealthFiltersProps) {
  const reasons = (counts?.byReason ?? []).filter(({ reason, count }) => count > 0 || reason === chosen);
  const choices = [
    { health: undefined, words: 'All', count: counts?.total, help: undefined },
    { health: 'reachable', words: 'Reachable', count: counts?.reachable, help: undefined },
    { health: 'unreachable', words: 'Unreachable', count: counts?.unreachable, help: undefined },
    ...reasons.map(({ reason, count }) => ({
      health: reason as string,
      words: reasonWords[reason],
      count,
      help: reasonHelp[reason],
    })),
  ];
  return (
    <fieldset className="filters">
      <legend className="visually-hidden">Health</legend>
      {choices.map(({ health, words, count, help }) => (
        <button
          key={words}
          type="button"
          className="filter"
          aria-pressed={chosen === health}
          title={help}
          onClick={() => onChoose(health)}
        >
          {words} <span className="count">{count ?? '–'}</span>
        </button>
      ))}
    </fieldset>
  );
}
