import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTimestamp } from '../../src/database/pages.ts';

test('every time since the year 1 is one, as toISOString spells it', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => isTimestamp(date.toISOString()),
    ),
  );
});

test.each([
  '2026-02-30T00:00:00.000Z',
  '2026-04-31T00:00:00.000Z',
  '2026-02-28T24:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '2026-02-28T00:00:00Z',
  '2026-02-28T00:00:00.000',
  '+010000-01-01T00:00:00.000Z',
  '',
])('“%s” is none', (text) => {
  expect(isTimestamp(text)).toBe(false);
});
