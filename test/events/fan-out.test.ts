import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFanOut } from '../../src/events/fan-out.ts';

const settle = async () => {
  for (let turns = 0; turns < 1_000; turns += 1) await turn();
};

test('a few handlers hear at once; thousands hear turn by turn, each every event once and in order', async () => {
  const fanOut = createFanOut();
  const heard = Array.from({ length: 5_000 }, (): unknown[] => []);
  for (const mine of heard.slice(0, 10)) fanOut.on('few', (event) => void mine.push(event));
  fanOut.emit('few', 'a');
  expect(heard.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => ['a']));
  for (const mine of heard.slice(10)) fanOut.on('many', (event) => void mine.push(event));
  await turn();
  for (const event of [1, 2, 3]) fanOut.emit('many', event);
  const reached = () => heard.slice(10).filter((mine) => mine.length > 0).length;
  // The loop is left to others after a bounded number of handlers, however many events come.
  expect(reached()).toBeLessThan(100);
  // A topic of another tenant is not behind it in a queue.
  fanOut.emit('few', 'b');
  await turn();
  await turn();
  expect(heard[0]).toEqual(['a', 'b']);
  await settle();
  expect(heard.slice(10)).toEqual(Array.from({ length: 4_990 }, () => [1, 2, 3]));
});

test('who leaves hears nothing more, and who comes hears nothing of before', async () => {
  const fanOut = createFanOut();
  const heard: string[] = [];
  const handlers = Array.from({ length: 200 }, (_, index) => () => void heard.push(`${index}`));
  for (const handler of handlers) fanOut.on('topic', handler);
  fanOut.emit('topic', 1);
  fanOut.off('topic', handlers[199] as () => void);
  fanOut.on('topic', () => void heard.push('late'));
  await settle();
  expect(heard).toEqual(Array.from({ length: 199 }, (_, index) => `${index}`));
});
