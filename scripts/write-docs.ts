/** Writes the parts of the docs that are made from code: npm run docs */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorsPage } from '../src/errors/table.ts';

writeFileSync('docs/errors.md', errorsPage());
// Codegen writes it for the operations in test/graph/operations.
writeFileSync(
  'examples/trusted-documents.json',
  `${readFileSync('test/graph/generated/persisted-documents.json', 'utf8')}\n`,
);
