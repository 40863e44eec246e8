import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWideTurns } from '../../src/database/wide-turns.ts';

/** Work that ends when it is told to. */
function works() {
  const ends: (() => void)[] = [];
  return { ends, work: () => new Promise<void>((resolve) => ends.push(resolve)) };
}

test('a tenant alone has all turns; beside another it has some, and the other is served next', async () => {
  let now = 0;
  const turns = createWideTurns(() => now);
  const [one, other] = [works(), works()];
  turns.note('one');
  const all = Array.from({ length: 80 }, () => turns.run('one', one.work));
  await turn();
  expect(one.ends).toHaveLength(32);

  now = 5_000;
  turns.note('other');
  all.push(turns.run('other', other.work));
  await turn();
  expect(other.ends).toHaveLength(0);
  one.ends[0]?.();
  await turn();
  expect(other.ends).toHaveLength(1);
  // Of those of the flood that end, none is followed by another while it has more than its share.
  for (const end of one.ends.slice(1, 28)) end();
  await turn();
  expect(one.ends).toHaveLength(32);
  one.ends[28]?.();
  await turn();
  expect(one.ends).toHaveLength(33);

  // Alone again, it has all of them again.
  now = 10_000;
  turns.note('other');
  now = 20_000;
  other.ends[0]?.();
  await turn();
  expect(one.ends).toHaveLength(33 + 28);

  // What still waits is served, so that none of it is refused in the middle of another file's test.
  while (one.ends.length < 80) {
    for (const end of one.ends) end();
    await turn();
  }
  for (const end of one.ends) end();
  await Promise.all(all);
});

test('what fails gives its turn back, and its error is the caller’s', async () => {
  const turns = createWideTurns();
  for (let n = 0; n < 30; n++)
    await expect(
      turns.run('one', () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
  expect(await turns.run('one', () => 'whole')).toBe('whole');
});
