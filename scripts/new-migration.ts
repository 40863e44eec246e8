/**
 * Writes the next migration: the difference between the migrations so far and prisma/schema.prisma.
 *
 *   npm run migration -- NAME      writes prisma/migrations/<time>_NAME/migration.sql
 *   npm run migration -- --check   fails when the schema has moved on without a migration
 *
 * It does what `prisma migrate dev --create-only` does, without a server and without downloading
 * an engine: the migrations run on an embedded PostgreSQL in memory, and Prisma's own schema
 * engine, compiled to WebAssembly, compares.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { extensions } from '../src/database/embedded.ts';

// Node has it; its types come only with a browser's.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

const schemaFile = 'prisma/schema.prisma';
const folder = 'prisma/migrations';

async function difference(): Promise<string> {
  // The package's own entry imports its .wasm file as a module, which Node 20 cannot.
  const engineFolder = new URL('.', import.meta.resolve('@prisma/schema-engine-wasm'));
  const bindings: typeof import('@prisma/schema-engine-wasm') & { __wbg_set_wasm(exports: unknown): void } =
    await import(new URL('schema_engine_bg.js', engineFolder).href);
  const wasm = readFileSync(new URL('schema_engine_bg.wasm', engineFolder));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();

  const database = await PGlite.create({ extensions });
  const shadow = await PGlite.create({ extensions });
  // The adapter's own shadow database has no extensions.
  class WithExtensions extends PrismaPGlite {
    override connectToShadowDb = () => new PrismaPGlite(shadow).connect();
  }
  const adapter = bindMigrationAwareSqlAdapterFactory(new WithExtensions(database));
  const datamodel = { path: schemaFile, content: readFileSync(schemaFile, 'utf8') };
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [[datamodel.path, datamodel.content]] },
    () => {},
    adapter,
  );
  const { stdout } = await engine.diff({
    from: {
      tag: 'migrations',
      baseDir: folder,
      shadowDbInitScript: '',
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
      migrationDirectories: readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => ({
          path: entry.name,
          migrationFile: {
            path: 'migration.sql',
            content: { tag: 'ok', value: readFileSync(`${folder}/${entry.name}/migration.sql`, 'utf8') },
          },
        })),
    },
    to: { tag: 'schemaDatamodel', files: [datamodel] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  await database.close();
  await shadow.close();
  return stdout ?? '';
}

const [argument] = process.argv.slice(2);
if (!argument) throw new Error('usage: npm run migration -- NAME | --check');
const sql = await difference();
const empty = /^\s*(-- This is an empty migration\.?)?\s*$/.test(sql);
if (argument === '--check') {
  if (!empty) {
    console.error(`prisma/schema.prisma has changed without a migration:\n${sql}`);
    process.exit(1);
  }
} else if (empty) {
  console.log('Nothing has changed.');
} else {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const target = `${folder}/${stamp}_${argument}`;
  mkdirSync(target, { recursive: true });
  writeFileSync(`${target}/migration.sql`, sql);
  console.log(`${target}/migration.sql`);
}
