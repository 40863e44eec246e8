import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringifyInPieces } from '../../src/http/long-json.ts';

test('the text is that of JSON.stringify', async () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.date(),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
      fc.record({ toJSON: fc.constant(() => 'itself') }),
      fc.array(tie('value'), { maxLength: 1 }).map((some) => Array.from({ length: 101 }, () => some[0])),
    ),
  })).value;
  await fc.assert(
    fc.asyncProperty(value, async (one) => {
      expect((await stringifyInPieces({ data: one })).toString()).toBe(JSON.stringify({ data: one }));
    }),
  );
});

test('others are served between the pieces of a long one', async () => {
  const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: 'é'.repeat(50) }));
  let turns = 0;
  let over = false;
  const turn = () => {
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const text = await stringifyInPieces({ data: { node: { rows } } });
  over = true;
  expect(JSON.parse(text.toString())).toEqual({ data: { node: { rows } } });
  expect(turns).toBeGreaterThanOrEqual(4);
});
