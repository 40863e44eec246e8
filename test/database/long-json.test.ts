import { expect, test } from 'vitest';
import { parseRows } from '../../src/database/long-json.ts';
import { Problem } from '../../src/errors/catalogue.ts';

/** The text that PostgreSQL's json_agg makes of these rows. */
const aggregated = (rows: readonly object[]): string => `[${rows.map((row) => JSON.stringify(row)).join(', \n ')}]`;
const rowsOf = (count: number, row: (n: number) => object) => Array.from({ length: count }, (_, n) => row(n));

/** The rows, and how often the event loop turned until they were there. */
async function parsedWithTurns(text: string) {
  let turns = 0;
  let over = false;
  const turn = () => {
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const rows = await parseRows(text);
  over = true;
  return { rows, turns };
}

test('a short text is parsed at once', () => {
  const rows = rowsOf(1_000, (id) => ({ id }));
  expect(parseRows(aggregated(rows))).toEqual(rows);
  expect(parseRows('[]')).toEqual([]);
});

test('a long text is parsed in pieces, between which others are served', async () => {
  const rows = rowsOf(20_000, (id) => ({ id, name: `, \\n {"id": ${id}}, \n {"id":`, more: 'x'.repeat(80) }));
  const text = aggregated(rows);
  const { rows: parsed, turns } = await parsedWithTurns(text);
  expect(parsed).toEqual(rows);
  expect(turns).toBeGreaterThanOrEqual(Math.floor(text.length / 300_000));
});

test('a long text of one row, of rows with lists that begin as they do, and of values is parsed too', async () => {
  const inner = rowsOf(50, (id) => ({ id, text: 'y'.repeat(100) }));
  const nested = rowsOf(200, (id) => ({ id, list: inner }));
  const text = aggregated(nested).replaceAll('},{"id"', '}, \n {"id"');
  expect(await parseRows(text)).toEqual(nested);
  const one = [{ id: 'z'.repeat(1_000_000) }];
  expect(await parseRows(aggregated(one))).toEqual(one);
});

test('what would be too much to read is refused', () => {
  expect(() => parseRows(null)).toThrow(Problem);
});
