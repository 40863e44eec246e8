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
  const several = withoutValues(new AggregateError([error, new Error('another')], 'two failed'));
  expect(several).toMatchObject({ aggregateErrors: [{ code: '23505' }, { message: 'another' }] });
  expect(JSON.stringify(several)).not.toContain(secret);
});
