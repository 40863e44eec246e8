import { PersonHistoryDocument, type PersonHistoryQuery } from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { HistoryList } from '../../parts/history-list.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, ProblemPanel } from '../../parts/states.tsx';

const entriesOf = ({ participant }: PersonHistoryQuery) => participant?.history;

/** What was changed of a participant. */
export function PersonHistory({ id }: { id: string }) {
  const { nodes, fetching, problem, hasMore, more, refresh } = usePaged(PersonHistoryDocument, { id }, entriesOf);
  return (
    <Section title="History">
      {problem && <ProblemPanel problem={problem} retry={refresh} />}
      {nodes.length === 0 && fetching && <Loading what="history" />}
      {nodes.length === 0 && !fetching && !problem && <Empty title="Nothing was changed yet" />}
      <HistoryList of={nodes} within={{ subject: id }} />
      {hasMore && (
        <button type="button" className="button button-small" onClick={more} disabled={fetching}>
          Show more
        </button>
      )}
    </Section>
  );
}
