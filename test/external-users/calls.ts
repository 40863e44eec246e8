import type { Answer, TestTenant, Untyped } from '../app.ts';

type Headers = Record<string, string>;

export const fields =
  'id displayName firstName lastName context source fkId fkUserId email phoneNumber metadata createdAt modifiedAt';

/** Mutations of external users and the search for one; `tenant` is the test's. A user is Grace Hopper unless said. */
export function externalUserCalls(tenant: () => TestTenant) {
  const create = (input: Record<string, unknown>, headers?: Headers) =>
    tenant().graphql(
      `mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { ${fields} } } }`,
      { input: { firstName: 'Grace', lastName: 'Hopper', ...input } },
      headers,
    );
  const update = (input: Record<string, unknown>) =>
    tenant().graphql(
      `mutation ($input: UpdateExternalUserInput!) { updateExternalUser(input: $input) { user { ${fields} } } }`,
      { input },
    );
  const search = (by: Record<string, unknown>, headers?: Headers, of = tenant()) =>
    of.graphql(
      `query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) {
         conversationIds user { id displayName email phoneNumber fkId conversationIds } } }`,
      { by },
      headers,
    );
  return { create, update, search };
}

/** The paths of what an answer says is wrong with the input, sorted; undefined where it says nothing. */
export const violations = ({ errors }: Answer<Untyped>) =>
  errors?.[0]?.extensions.errors?.map(({ path }) => path.join('.')).sort();
