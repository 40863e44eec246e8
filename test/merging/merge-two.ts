import { dataOf, type TestTenant } from '../app.ts';

/** Merges one into another, and returns the id of the merge. */
export const mergeTwo = async (
  of: TestTenant,
  kind: 'Participants' | 'ExternalUsers',
  intoId: string,
  fromId: string,
) =>
  dataOf(
    await of.graphql(`mutation ($input: Merge${kind}Input!) { merge${kind}(input: $input) { merge { id } } }`, {
      input: { intoId, fromIds: [fromId] },
    }),
  )[`merge${kind}`].merge.id as string;
