import { PersonMergesDocument, type PersonMergesQuery } from '../../graph/generated/graphql.ts';
import { usePaged } from '../../graph/paged.ts';
import { Merges } from '../../parts/merges.tsx';

const mergesOf = ({ participant }: PersonMergesQuery) => participant?.merges;

/** Who was merged into a participant. */
export function PersonMerges({ id, onUndone }: { id: string; onUndone(): void }) {
  const list = usePaged(PersonMergesDocument, { id }, mergesOf);
  return <Merges kind="PARTICIPANT" id={id} list={list} onUndone={onUndone} />;
}
