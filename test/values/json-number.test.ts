import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isExact, isInexact, withExactNumbers } from '../../src/values/json-number.ts';

test.each([
  '80351110224678912345',
  '-80351110224678912345',
  '9007199254740993',
  '1e400',
  '-1E+400',
  '1e-400',
  '0.1234567890123456789',
  '1.7976931348623159e308',
  '5e-324000',
  `1${'0'.repeat(500)}`,
  '1e99999999999999999999',
])('%s is not kept', (number) => {
  expect(isExact(number)).toBe(false);
  const parsed = JSON.parse(withExactNumbers(`{"a":[${number}]}`));
  expect(isInexact(parsed.a[0])).toBe(true);
});

test.each([
  '0',
  '-0',
  '1',
  '9007199254740992',
  '10000000000000000000000',
  '1e22',
  '1.50',
  '0.1',
  '1E2',
  '0.000',
  '1e300',
  '12345678901234567000',
])('%s is kept', (number) => {
  expect(isExact(number)).toBe(true);
  expect(JSON.parse(withExactNumbers(`[${number}]`))).toEqual([Number(number)]);
});

test('a JSON text whose numbers are exact stays as it is', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(withExactNumbers(json)).toBe(json);
    }),
    { numRuns: 1_000 },
  );
});

test('what stands in strings, and what is no JSON, stays as it is', () => {
  for (const text of [
    '{"a":"80351110224678912345","b":"1e400"}',
    '{"query":"{ a(b: \\"80351110224678912345\\") }"}',
    '"\\"1e400',
    '"'.concat('\\"'.repeat(500_000), '1e400'),
    'not JSON 1e5',
    '',
  ])
    expect(withExactNumbers(text)).toBe(text);
});
