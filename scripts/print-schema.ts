/**
 * Writes schema.graphql and schema.federation.graphql from the code: npm run schema. With --check, fails when a
 * committed one is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { subgraphText } from '../src/schema/federation/text.ts';
import { buildSchema } from '../src/schema/schema.ts';

const schema = buildSchema();
const printed = {
  'schema.graphql': `${printSchema(lexicographicSortSchema(schema))}\n`,
  'schema.federation.graphql': subgraphText(schema),
};
for (const [file, text] of Object.entries(printed)) {
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is stale: run npm run schema`);
    process.exitCode = 1;
  }
}
