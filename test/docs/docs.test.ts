import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsPage } from '../../src/errors/table.ts';

test('docs/errors.md is what the catalogue says', () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsPage());
});

test('examples/trusted-documents.json is what codegen writes', () => {
  expect(readFileSync('examples/trusted-documents.json', 'utf8')).toBe(
    `${readFileSync('test/graph/generated/persisted-documents.json', 'utf8')}\n`,
  );
});
