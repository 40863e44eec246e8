import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DatabaseInUseError, lockFolder } from '../../src/database/folder-lock.ts';

const folder = () => join(mkdtempSync(join(tmpdir(), 'rollcall-lock-')), 'database');

test.each(['', '0', 'nonsense', '999999999', '-1'])('a lock that says “%s” is nobody’s, and is taken over', (said) => {
  const place = folder();
  writeFileSync(`${place}.lock`, said);
  const unlock = lockFolder(place);
  expect(readFileSync(`${place}.lock`, 'utf8')).toBe(String(process.pid));
  unlock();
  expect(existsSync(`${place}.lock`)).toBe(false);
});

test('the lock of a living process is respected', () => {
  const place = folder();
  writeFileSync(`${place}.lock`, String(process.ppid));
  expect(() => lockFolder(place)).toThrow(DatabaseInUseError);
});
