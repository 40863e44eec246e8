/** Writes schema.graphql from the code: npm run schema. With --check, fails when the committed one is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchema } from '../src/schema/schema.ts';

const file = 'schema.graphql';
const printed = `${printSchema(lexicographicSortSchema(buildSchema()))}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, printed);
else if (readFileSync(file, 'utf8') !== printed) {
  console.error(`${file} is stale: run npm run schema`);
  process.exit(1);
}
