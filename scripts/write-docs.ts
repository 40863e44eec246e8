/** Writes the parts of the docs that are made from code: npm run docs */
import { writeFileSync } from 'node:fs';
import { errorsPage } from '../src/errors/table.ts';

writeFileSync('docs/errors.md', errorsPage());
