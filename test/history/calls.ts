import { dataOf, type TestTenant, type Untyped } from '../app.ts';

type Headers = Record<string, string>;

export const entry =
  'id occurredAt action operation requestId subjectType subjectId actor { kind id name } changes { field before after } subject { __typename id }';

/** How changes are made, and how the history of what was changed is read; `tenant` is the test's. */
export function historyCalls(tenant: () => TestTenant) {
  return {
    historyOf: async (field: string, id: string, args = '', headers?: Headers): Promise<Untyped> =>
      dataOf(
        await tenant().graphql(
          `query ($id: ID!) { ${field}(id: $id) { history${args} { totalCount nodes { ${entry} } pageInfo { hasNextPage endCursor } } } }`,
          { id },
          headers,
        ),
      )[field].history,
    change: async (name: string, type: string, input: object, headers?: Headers) =>
      dataOf(
        await tenant().graphql(
          `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
          { input },
          headers,
        ),
      ),
  };
}
