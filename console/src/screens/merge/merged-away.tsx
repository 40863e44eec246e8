import type { Client } from '@urql/core';
import { useQuery } from 'urql';
import { readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  type DuplicateKind,
  MergeRecordDocument,
  ParticipantMergedAwayDocument,
  TookFragmentDoc,
  UserMergedAwayDocument,
} from '../../graph/generated/graphql.ts';
import { MergeRow } from '../../parts/merges.tsx';
import { Section } from '../../parts/section.tsx';

/** Returns the ids of the merges that hold by which some of these were merged away. Empty where it cannot be asked. */
export async function mergesThatTook(client: Client, kind: DuplicateKind, ids: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    ids.map(async (id) => {
      const { data } =
        kind === 'EXTERNAL_USER'
          ? await client.query(UserMergedAwayDocument, { id })
          : await client.query(ParticipantMergedAwayDocument, { id });
      const survivor = data && ('externalUser' in data ? data.externalUser : data.participant);
      const merges = survivor && survivor.id !== id ? survivor.merges.nodes : [];
      const took = readFragment(TookFragmentDoc, merges);
      return took.find(({ undoneAt, from }) => !undoneAt && from.some((one) => one.id === id))?.id;
    }),
  );
  return [...new Set(found)].filter((id) => id !== undefined);
}

type MergedAwayProps = { kind: DuplicateKind; mergeIds: readonly string[]; onUndone(): void };

/** Those to be merged who have been merged since, each with the survivor and the undo. */
export function MergedAway({ kind, mergeIds, onUndone }: MergedAwayProps) {
  return (
    <Section title="Merged already">
      <ul className="rows">
        {mergeIds.map((id) => (
          <Taken key={id} kind={kind} mergeId={id} onUndone={onUndone} />
        ))}
      </ul>
    </Section>
  );
}

/** Read through the cache, so that its undo shows. */
function Taken({ kind, mergeId, onUndone }: { kind: DuplicateKind; mergeId: string; onUndone(): void }) {
  const [{ data }] = useQuery({ query: MergeRecordDocument, variables: { id: mergeId } });
  const node = data?.node;
  if (node?.__typename !== 'Merge') return null;
  return <MergeRow kind={kind} id={null} of={node} mayUndo onUndone={onUndone} />;
}
