/**
 * Imports what a running system has into a tenant of the configured database:
 * npm run import -- --from participants|conversations|users --url URL --credential CREDENTIAL
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../config.ts';
import { system } from '../database/actor.ts';
import { openDatabase } from '../database/database.ts';
import { databaseFault } from '../database/faults.ts';
import { migrate } from '../database/migrations.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { obstacle } from '../starting.ts';
import type { Outcome } from '../transfer/outcome.ts';
import { readPage, type Source } from '../transfer/remote.ts';
import { writeRows } from '../transfer/write.ts';

const usage = `usage: npm run import -- --from participants|conversations|users --url URL --credential CREDENTIAL
  [--source-tenant ID]  the tenant or workspace there, where the credential does not say it
  [--tenant ID]         the tenant here, where there are several`;

const kinds = { users: 'EXTERNAL_USERS', participants: 'PARTICIPANTS', conversations: 'CONVERSATIONS' } as const;
const sources = ['participants', 'conversations', 'users'] as const;

function options(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const names = { from: text, url: text, credential: text, tenant: text, 'source-tenant': text };
  const { values } = parseArgs({ args: [...given], options: names });
  const from = sources.find((source) => source === values.from);
  if (!from || !values.url || !URL.canParse(values.url) || !values.credential) throw new ConfigError(usage);
  const there = values['source-tenant'] ?? tenantOf(values.credential);
  if (from !== 'users' && !there) throw new ConfigError(`Say --source-tenant.\n${usage}`);
  const source: Source = { from, url: values.url, credential: values.credential, tenant: there ?? '' };
  return { source, tenant: values.tenant };
}

/** The tenant that a token names. Null for a key. */
function tenantOf(credential: string): string | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(credential.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null && 'tenant' in claims ? String(claims.tenant) : null;
  } catch {
    return null;
  }
}

// Imported rows queue no avatar syncs: the service does that when a channel changes.
const hooks: ParticipantHooks = {
  channelsChanged: async () => {},
  setAvatarFile: async () => {},
  beforeDelete: async () => {},
};

type Progress = { next: string | null; rows: number } & Omit<Outcome, 'rejected'> & { rejected: number };

function told({ rows, created, updated, unchanged, rejected }: Progress): void {
  const line = `${rows} rows: ${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} rejected`;
  if (process.stdout.isTTY) process.stdout.write(`\r${'█'.repeat(Math.ceil(rows / 100) % 20).padEnd(20, '░')} ${line}`);
  else console.log(line);
}

async function main(given: readonly string[]): Promise<void> {
  const { source, tenant } = options(given);
  const config = readConfig({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: process.env['DATA_DIR'] });
  const connection = config.databaseUrl
    ? (await import('../database/postgres.ts')).connectPostgres(config.databaseUrl, 4)
    : await (await import('../database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
  const database = openDatabase(connection, () => {});
  try {
    await migrate(connection);
    const tenants = await database.prisma.tenant.findMany({ ...(tenant && { where: { id: tenant } }), take: 2 });
    const [only] = tenants;
    if (!only || tenants.length > 1)
      throw new ConfigError(`${only ? 'Say --tenant' : 'There is no tenant'}.\n${usage}`);
    const db = database.forTenant(only.id).as(system(`import from ${source.url}`));
    const name = createHash('sha256').update(`${source.url} ${source.tenant} ${only.id}`).digest('hex').slice(0, 16);
    const file = `${config.dataDir}/import-${source.from}-${name}.json`;
    mkdirSync(config.dataDir, { recursive: true });
    const none: Progress = { next: null, rows: 0, created: 0, updated: 0, unchanged: 0, rejected: 0 };
    // What was imported stays imported: a page that comes again changes nothing.
    let progress: Progress = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none;
    if (progress.rows > 0) console.error(`Going on after ${progress.rows} rows.`);
    const writing = { onConflict: 'UPDATE', unexpected: console.error } as const;
    for (;;) {
      const page = await readPage(source, progress.next);
      const rows = page.rows.map((fields, index) => ({ line: progress.rows + index + 1, fields }));
      const outcome = await db.transaction((tx) => writeRows(tx, kinds[source.from], rows, writing, hooks));
      for (const { line, field, reason } of outcome.rejected)
        console.error(`\nrow ${line}: ${field ?? 'the row'} ${reason}`);
      progress = {
        next: page.next,
        rows: progress.rows + rows.length,
        created: progress.created + outcome.created,
        updated: progress.updated + outcome.updated,
        unchanged: progress.unchanged + outcome.unchanged,
        rejected: progress.rejected + outcome.rejected.length,
      };
      told(progress);
      if (page.next === null) break;
      writeFileSync(file, JSON.stringify(progress));
    }
    rmSync(file, { force: true });
    if (process.stdout.isTTY) console.log();
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(obstacle(error) ?? databaseFault(error)?.message ?? error);
  process.exitCode = 1;
});
