import { expect, test, vi } from 'vitest';

const flags = vi.hoisted((): string[] => []);
vi.mock('node:v8', () => ({ setFlagsFromString: (flag: string) => void flags.push(flag) }));

const { inLittleMemory } = await import('../../src/transfer/memory.ts');

test('the heap is collected often while any job runs, and as before when the last is over, however it ended', async () => {
  let fail = (_: Error) => {};
  const first = inLittleMemory(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  expect(await inLittleMemory(async () => 'done')).toBe('done');
  expect(flags).toEqual(['--heap-growing-percent=40']);
  fail(new Error('ended'));
  await expect(first).rejects.toThrow('ended');
  expect(flags).toEqual(['--heap-growing-percent=40', '--heap-growing-percent=0']);
});
