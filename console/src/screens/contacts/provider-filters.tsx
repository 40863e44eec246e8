import { providerWord } from '../../parts/words.ts';

type ProviderFiltersProps = {
  /** How many contacts have a channel of each provider. Undefined until that is known. */
  counts: readonly { provider: string; count: number }[] | undefined;
  chosen: string | undefined;
  onChoose(provider: string | undefined): void;
};

/** The providers of the contacts' channels, each to be narrowed to. */
export function ProviderFilters({ counts = [], chosen, onChoose }: ProviderFiltersProps) {
  if (counts.length === 0 && !chosen) return null;
  return (
    <fieldset className="filters">
      <legend className="visually-hidden">Provider</legend>
      <button type="button" className="filter" aria-pressed={!chosen} onClick={() => onChoose(undefined)}>
        Any provider
      </button>
      {counts.map(({ provider, count }) => (
        <button
          key={provider}
          type="button"
          className="filter"
          aria-pressed={provider === chosen}
          onClick={() => onChoose(provider === chosen ? undefined : provider)}
        >
          {providerWord(provider)} <span className="count">{count.toLocaleString('en')}</span>
        </button>
      ))}
    </fieldset>
  );
}
