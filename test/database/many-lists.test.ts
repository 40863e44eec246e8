import { expect, test } from 'vitest';
import { rows } from '../../src/database/sql/columns.ts';
import { globalStatement, preparedOrNot } from '../../src/database/sql/statement.ts';
import { integer } from '../../src/database/sql/types.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('of lists that differ the first 1,000 are prepared, and others run all the same', async () => {
  const list = (n: number) => preparedOrNot(globalStatement(rows({ n: integer }))`select ${n} as n`);
  const lists = Array.from({ length: 1_100 }, (_, n) => list(n));
  expect(lists.filter(({ all }) => all.many.unprepared)).not.toHaveLength(0);
  expect(list(0).all.many.unprepared).toBeUndefined();
  const { database } = service.app;
  expect(await database.query(list(1_099))).toEqual([{ n: 1_099 }]);
  expect(await database.query(list(1_099))).toEqual([{ n: 1_099 }]);
});
