import { defineConfig } from 'prisma-cli/config';

// `prisma generate` reads only the schema, yet the CLI first fetches a schema engine from the
// network. Pointing it at any executable lets a machine without that host generate the client.
if (process.argv.includes('generate')) process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(process.env['DATABASE_URL'] ? { datasource: { url: process.env['DATABASE_URL'] } } : {}),
});
