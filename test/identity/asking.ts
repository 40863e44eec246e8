import { dataOf, type TestTenant } from '../app.ts';

/** The ids of the participants and of the external users that `whoIs` answers with. */
export const whoIs = async (tenant: TestTenant, by: object): Promise<string[][]> => {
  const answer = await tenant.graphql(
    'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } externalUsers { id } } }',
    { by },
  );
  const { participants, externalUsers } = dataOf(answer).whoIs;
  return [participants, externalUsers].map((list: { id: string }[]) => list.map(({ id }) => id));
};
