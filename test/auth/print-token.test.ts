import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { developmentKeys } from '../../src/auth/development-keys.ts';
import { builtEntry } from '../setup/built.ts';

const entry = await builtEntry('commands/print-token');
const folder = mkdtempSync(join(tmpdir(), 'rollcall-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const print = (DATA_DIR: string) => {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], DATA_DIR };
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const token = /^[\w-]+\.[\w-]+\.[\w-]+\n$/;

test('of a folder that no service has run with there is no token, and no key is made', () => {
  const other = join(folder, 'other');
  const { status, stdout, stderr } = print(other);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(other);
  expect(stderr).toContain('DATA_DIR');
  expect(existsSync(other)).toBe(false);
});

test('of a folder that no service runs with at present the token is printed, and that is said', () => {
  const left = join(folder, 'left');
  developmentKeys(left);
  const { status, stdout, stderr } = print(left);
  expect([status, stdout]).toEqual([0, expect.stringMatching(token)]);
  expect(stderr).toContain('No service runs');
});

test('of the running service’s folder the token is printed, and nothing else', () => {
  const current = join(folder, 'current');
  developmentKeys(current);
  writeFileSync(join(current, 'database.lock'), String(process.pid));
  expect(print(current)).toEqual({ status: 0, stdout: expect.stringMatching(token), stderr: '' });
});
