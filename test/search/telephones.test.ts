import { beforeAll, expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

beforeAll(async () => {
  for (const phoneNumber of ['+5215512345999', '+551187659999'])
    dataOf(
      await service.tenant.graphql(
        'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
        { input: { firstName: 'A', lastName: 'B', phoneNumber } },
      ),
    );
});

// As WhatsApp has it, as it is dialled from abroad, in today's spelling and in the one of before.
test.each([
  ['+5215512345999', '+525512345999'],
  ['5215512345999', '+525512345999'],
  ['521 55 1234 5999', '+525512345999'],
  ['00521551234 5999', '+525512345999'],
  ['525512345999', '+525512345999'],
  ['551187659999', '+5511987659999'],
  ['0055 11 8765-9999', '+5511987659999'],
  ['5511987659999', '+5511987659999'],
])('a number is found by %s', async (query, expected) => {
  const answer = await service.tenant.graphql(
    'query ($query: String!) { externalUsersConnection(filter: { query: $query }) { nodes { phoneNumber } } }',
    { query },
  );
  expect(dataOf(answer).externalUsersConnection.nodes).toEqual([{ phoneNumber: expected }]);
});
