import { expect, test } from 'vitest';
import { withoutValues } from '../../src/errors/logged.ts';

test('an error is logged without the values of its statement', () => {
  const secret = 'ada@example.com';
  const told = `Key (email)=(${secret}) already exists.`;
  const error = Object.assign(new Error('duplicate key'), {
    code: '23505',
    params: [secret],
    query: `values ('${secret}')`,
    detail: told,
    where: told,
    internalQuery: told,
  });
  expect(withoutValues(error)).toMatchObject({ type: 'Error', message: 'duplicate key', code: '23505' });
  expect(JSON.stringify(withoutValues(error))).not.toContain(secret);
});
