/**
 * Imports what a running system has into a tenant of the configured database:
 * npm run import -- --from participants|conversations|users --url URL --credential CREDENTIAL
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../config.ts';
import { system } from '../database/actor.ts';
import { openDatabase, type TenantDatabase } from '../database/database.ts';
import { databaseFault } from '../database/faults.ts';
import { asUuid } from '../database/ids.ts';
import { migrate } from '../database/migrations.ts';
import { demoProvider } from '../demo/tenant.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { knownProviders } from '../providers/registry.ts';
import { obstacle } from '../starting.ts';
import { agentsIn, asHere, writeNetwork } from '../transfer/network.ts';
import { type Given, noOutcome, type Outcome, type Writing } from '../transfer/outcome.ts';
import { type RemoteKind, type RemotePage, readSource, timeOf } from '../transfer/remote.ts';
import { claimsOf, RemoteError, type Source } from '../transfer/remote-http.ts';
import { inBatches, inTransaction, writeRows } from '../transfer/write.ts';

const usage = `usage: npm run import -- --from participants|conversations|users --url URL --credential CREDENTIAL
  --from participants   also brings the agents and the integration configs that they name: run it first,
                        then users, then conversations
  --credential          sent as that kind of system takes it. A JSON Web Token is always sent as Bearer,
                        and Rollcall's own keys in the header that is theirs
  [--source-tenant ID]  the tenant or workspace there, where the credential does not say it
  [--tenant ID]         the tenant here, where there are several
  [--providers LIST]    providers there that Rollcall does not know, divided by commas`;

const sources = ['participants', 'conversations', 'users'] as const;

function options(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const names = { from: text, url: text, credential: text, tenant: text, 'source-tenant': text, providers: text };
  const { values } = parsed(() => parseArgs({ args: [...given], options: names }));
  const from = sources.find((source) => source === values.from);
  if (!from || !values.url || !URL.canParse(values.url) || !values.credential) throw new ConfigError(usage);
  const claimed = claimsOf(values.credential)?.['tenant'];
  const there = values['source-tenant'] ?? (typeof claimed === 'string' ? claimed : undefined);
  if (from !== 'users' && !there) throw new ConfigError(`Say --source-tenant.\n${usage}`);
  const more = values.providers?.split(',').map((name) => name.trim()) ?? [];
  const providers = [...knownProviders, demoProvider, ...more].filter((name) => name !== '');
  const source: Source = { from, url: values.url, credential: values.credential, tenant: there ?? '', providers };
  return { source, tenant: values.tenant };
}

function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\n${usage}`);
  }
}

// Imported rows queue no avatar syncs: the service does that when a channel changes.
const hooks: ParticipantHooks = {
  channelsChanged: async () => {},
  setAvatarFile: async () => {},
  beforeDelete: async () => {},
};
const writing: Writing = { onConflict: 'UPDATE', unexpected: (error) => console.error(error) };

/** How far an import has come: where to read on, and what became of the rows of each kind. */
type Progress = { next: string | null; kinds: Partial<Record<RemoteKind, Counts>> };
type Counts = { rows: number } & Omit<Outcome, 'rejected'> & { rejected: number };

const nouns: Readonly<Record<RemoteKind, string>> = {
  AGENTS: 'agents',
  CONFIGS: 'integration configs',
  PARTICIPANTS: 'participants',
  EXTERNAL_USERS: 'users',
  CONVERSATIONS: 'conversations',
};
const barWidth = 20;

/** Tells how far it is: as a bar on a terminal where the source says how much there is, and as lines in a pipe. */
function told(kind: RemoteKind, counts: Counts, total: number | null): void {
  const { rows, created, updated, unchanged, rejected } = counts;
  const of = total === null ? `${rows}` : `${rows} of ${total}`;
  const line = `${nouns[kind]}: ${of}, ${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} rejected`;
  if (!process.stdout.isTTY) {
    console.log(line);
    return;
  }
  const full = total === null || total === 0 ? null : Math.round((Math.min(rows, total) / total) * barWidth);
  const bar = full === null ? '' : `${'█'.repeat(full).padEnd(barWidth, '░')} `;
  process.stdout.write(`\r\x1b[K${bar}${line}`);
}

const asRows = (rows: readonly Given['fields'][], first: number): Given[] =>
  rows.map(({ createdAt, ...fields }, index) => {
    const made = timeOf(createdAt);
    return { line: first + index, fields, ...(made && { createdAt: made }) };
  });

async function writePage(db: TenantDatabase, { kind, rows: found }: RemotePage, counts: Counts, said: () => void) {
  const rows = asRows(await asHere(db, found), counts.rows + 1);
  const agents = kind === 'CONVERSATIONS' ? asRows(agentsIn(found), 0) : [];
  // Who takes part is there first; the agents of a running directory come with its participants.
  if (agents.length > 0) await db.transaction((tx) => writeNetwork(tx, 'AGENTS', agents, writing));
  const isNetwork = kind === 'AGENTS' || kind === 'CONFIGS';
  for (const batch of isNetwork ? [rows] : inBatches(kind, rows)) {
    const outcome = await inTransaction(db, (tx) =>
      isNetwork ? writeNetwork(tx, kind, batch, writing) : writeRows(tx, kind, batch, writing, hooks),
    );
    for (const { line, field, reason } of outcome.rejected)
      console.error(`${process.stdout.isTTY ? '\n' : ''}${nouns[kind]}, row ${line}: ${field ?? 'the row'} ${reason}`);
    const { rejected, ...others } = outcome;
    counts.rows += batch.length;
    counts.rejected += rejected.length;
    for (const name of ['created', 'updated', 'unchanged'] as const) counts[name] += others[name];
    said();
  }
}

/** Keeps progress in a file that is there whole or not at all. */
function progressFile(path: string) {
  return {
    read(): Progress {
      try {
        return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { next: null, kinds: {} };
      } catch {
        return { next: null, kinds: {} };
      }
    },
    write(progress: Progress): void {
      writeFileSync(`${path}.new`, JSON.stringify(progress));
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

async function importAll(db: TenantDatabase, source: Source, file: ReturnType<typeof progressFile>): Promise<void> {
  const progress = file.read();
  if (progress.next === null) return importFrom(db, source, { next: null, kinds: {} }, file);
  console.error('Going on where it was interrupted.');
  try {
    await importFrom(db, source, progress, file);
  } catch (error) {
    // The place does not hold any more. What was imported stays: a page that comes again changes nothing.
    if (!(error instanceof RemoteError) || error.status >= 500 || [401, 403].includes(error.status)) throw error;
    console.error('The source does not know that place any more: beginning anew.');
    await importFrom(db, source, { next: null, kinds: {} }, file);
  }
}

async function importFrom(
  db: TenantDatabase,
  source: Source,
  progress: Progress,
  file: ReturnType<typeof progressFile>,
): Promise<void> {
  for await (const page of readSource(source, progress.next)) {
    const none = { rows: 0, ...noOutcome(), rejected: 0 };
    const counts = { ...none, ...progress.kinds[page.kind] };
    progress.kinds[page.kind] = counts;
    await writePage(db, page, counts, () => told(page.kind, counts, page.total));
    if (page.rows.length === 0) told(page.kind, counts, page.total);
    progress.next = page.next || null;
    if (progress.next) file.write(progress);
    else if (process.stdout.isTTY) console.log();
  }
  file.remove();
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
    if (tenant !== undefined && !asUuid(tenant)) throw new ConfigError(`--tenant is no UUID.\n${usage}`);
    const tenants = await database.prisma.tenant.findMany({ ...(tenant && { where: { id: tenant } }), take: 2 });
    const [only] = tenants;
    if (!only || tenants.length > 1)
      throw new ConfigError(`${only ? 'Say --tenant' : 'There is no tenant of that id here'}.\n${usage}`);
    const db = database.forTenant(only.id).as(system(`import from ${new URL(source.url).origin}`));
    const name = createHash('sha256').update(`${source.url} ${source.tenant} ${only.id}`).digest('hex').slice(0, 16);
    mkdirSync(config.dataDir, { recursive: true });
    await importAll(db, source, progressFile(`${config.dataDir}/import-${source.from}-${name}.json`));
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(obstacle(error) ?? databaseFault(error)?.message ?? (error instanceof Error ? error.message : error));
  process.exitCode = 1;
});
