/**
 * Compares schema.graphql with that of the last release: npm run schema-changes. Fails when a breaking change is not in
 * the changelog. With --release it makes schema.graphql that of the last release.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { schemaChanges, unannounced } from './schema-changes.ts';

const [released, current] = ['schema.released.graphql', 'schema.graphql'] as const;
if (process.argv.includes('--release')) copyFileSync(current, released);
else {
  const text = (file: string) => readFileSync(file, 'utf8');
  const changes = await schemaChanges(text(released), text(current), text('CHANGELOG.md'));
  const missing = unannounced(changes);
  const counts = (['BREAKING', 'DANGEROUS', 'NON_BREAKING'] as const).map(
    (level) => `${changes.filter((change) => change.level === level).length} ${level}`,
  );
  console.log(`Since the last release: ${counts.join(', ')}`);
  for (const { level, path, message } of changes)
    if (level !== 'NON_BREAKING') console.log(`${level} ${path}: ${message}`);
  for (const { path, message } of missing)
    console.error(`Not under "### Breaking" of CHANGELOG.md: ${path}: ${message}`);
  if (missing.length > 0) process.exitCode = 1;
}
