/**
 * Writes docs/openapi from the tables of the REST faces: npm run openapi. With --check, fails when a committed
 * document is stale; with --clients, writes the types of the tests' clients instead.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { faces } from '../src/rest/faces.ts';
import { documentFile } from '../src/rest/pages.ts';
import { documentOf } from './openapi-document.ts';

const clients = 'test/rest/generated';
for (const face of faces) {
  const file = documentFile(face.name);
  const text = `${JSON.stringify(documentOf(face), null, 2)}\n`;
  if (process.argv.includes('--clients')) {
    mkdirSync(clients, { recursive: true });
    writeFileSync(`${clients}/${face.name}.ts`, astToString(await openapiTS(text)));
  } else if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`docs/openapi/${face.name}.json is stale: run npm run openapi`);
    process.exit(1);
  }
}
