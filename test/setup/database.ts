import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import type { Connection } from '../../src/database/connection.ts';
import { connectEmbedded } from '../../src/database/embedded.ts';
import { migrate } from '../../src/database/migrations.ts';
import { connectPostgres } from '../../src/database/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A file with a migrated embedded database to copy, or the URL of a migrated PostgreSQL database. */
    database: Place;
  }
}

/**
 * Before all tests: one migrated database, on the server that DATABASE_URL names or else as an image that each test
 * file copies into memory.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env['DATABASE_URL'];
  if (server) {
    const name = `rollcall_test_${process.pid}_${Date.now()}`;
    // To copy a migrated database takes a second, to migrate an empty one up to a minute.
    const template = await createDatabase(server, `${name}_template`);
    const connection = connectPostgres(template.url, 1);
    await migrate(connection);
    await connection.close();
    const shared = await createDatabase(server, name, `${name}_template`);
    project.provide('database', { url: shared.url, template: `${name}_template` });
    return async () => {
      await shared.drop();
      await template.drop();
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const imageFile = join(folder, 'database.tar');
  const connection = await connectEmbedded({ image: undefined });
  await migrate(connection);
  writeFileSync(imageFile, await connection.image());
  await connection.close();
  project.provide('database', { imageFile });
  return async () => rmSync(folder, { recursive: true });
}

/**
 * A database for one test file alone, where that matters: workers take every job. The embedded one is a file's own
 * anyway. It is migrated, or empty: the app that opens it first migrates it.
 */
export async function createOwnDatabase(
  place: Place,
  { empty = false } = {},
): Promise<{ place: Place; drop(): Promise<void> }> {
  if (!('url' in place)) return { place, drop: async () => {} };
  const name = `rollcall_own_${process.pid}_${Date.now()}_${Math.floor(Math.random() * 1e6)}`;
  const { url, drop } = await createDatabase(place.url, name, empty ? undefined : place.template);
  return { place: { ...place, url }, drop };
}

/**
 * Creates a database beside another, empty or as a copy. Its commits do not wait for the disk, which half of the time
 * goes to.
 */
async function createDatabase(
  server: string,
  name: string,
  template = 'template1',
): Promise<{ url: string; drop(): Promise<void> }> {
  const administer = async (...statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await administer(
    `create database ${name} template ${template}`,
    `alter database ${name} set synchronous_commit = off`,
  );
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database ${name} with (force)`) };
}

/** A file with an embedded database, or a database of a server, with the name of one to copy. */
export type Place = { imageFile: string } | { url: string; template?: string | undefined };

/** The image, read once by each process. */
let image: Buffer | undefined;

/** A connection to the tests' database: a copy of it where it is embedded. It may say that tenants are on nodes. */
export async function connectTestDatabase(place: Place, isDistributed = false): Promise<Connection> {
  if ('url' in place) return connectPostgres(place.url, 10, isDistributed);
  image ??= readFileSync(place.imageFile);
  return { ...(await connectEmbedded({ image })), isDistributed };
}
