import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type ExecutionResult, print } from 'graphql';
import { SignJWT } from 'jose';
import type { DestinationStream } from 'pino';
import { inject } from 'vitest';
import { type App, createApp } from '../src/app.ts';
import { developmentKeys } from '../src/auth/development-keys.ts';
import { type Scope, scopes } from '../src/auth/scopes.ts';
import { readConfig } from '../src/config.ts';
import type { Connection } from '../src/database/connection.ts';
import { newId } from '../src/database/ids.ts';
import type { Storage } from '../src/storage/storage.ts';
import { connectTestDatabase, type Place } from './setup/database.ts';
import { type Fetch, listenLocally } from './socket.ts';

/** An error of a result, with what the contract promises of its extensions. */
export type ResultError = {
  message: string;
  path?: (string | number)[];
  extensions: {
    code: string;
    status: number;
    instance: string;
    retryAfter?: number;
    errors?: { path: (string | number)[]; message: string }[];
  };
};

export type Answer<Data> = {
  data: Data;
  errors: ResultError[] | undefined;
  /** Of the HTTP response. */
  status: number;
  headers: Headers;
  /** The SQL statements that answering took, transaction control aside. */
  statements: string[];
};

type Headers_ = Record<string, string>;
// A query's shape is the test's business; typed documents say it where they are used.
// biome-ignore lint/suspicious/noExplicitAny: results of untyped documents are checked by the assertions
export type Untyped = any;

export type TestApp = {
  /** The app; its `fetch` sends over a socket of its own to the handler that the port serves. */
  app: App & { fetch: Fetch };
  /** A tenant of its own, with every scope. */
  tenant: TestTenant;
  createTenant(): Promise<TestTenant>;
  /** Every statement since the app started. */
  statements: string[];
  close(): Promise<void>;
};

export type TestTenant = {
  id: string;
  /** A bearer token of the tenant; with every scope unless said. */
  token(scopes?: readonly Scope[], options?: { expiresIn?: string | number }): Promise<string>;
  /** Sends an operation, as the tenant's administrator unless other headers are given. */
  graphql<Data = Untyped, Variables = Untyped>(
    document: string | TypedDocumentNode<Data, Variables>,
    variables?: Variables,
    headers?: Headers_,
  ): Promise<Answer<Data>>;
};

/**
 * Starts the whole service on the tests' database. Without a port, what is sent to it goes over a socket of its own to
 * the same handler. Environment variables as in production can be given, and a connection to put around the database's
 * own, to make it fail. Nothing goes on in the background unless AVATAR_WORKERS or IMPORT_WORKERS
 * says so.
 */
export async function startApp(
  environment: Record<string, string> = {},
  around: (connection: Connection) => Connection = (connection) => connection,
  {
    storage,
    logTo,
    heldFile,
    database = inject('database'),
    distributed = false,
  }: {
    storage?: Storage;
    logTo?: DestinationStream;
    heldFile?: number;
    database?: Place;
    /** As with DATABASE_DISTRIBUTED, also on the embedded database. */
    distributed?: boolean;
  } = {},
): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-app-'));
  const config = readConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'error',
    DEMO: 'off',
    DATA_DIR: dataDir,
    AVATAR_WORKERS: '0',
    IMPORT_WORKERS: '0',
    ...environment,
  });
  const statements: string[] = [];
  const connection = around(await connectTestDatabase(database, distributed));
  const started = await createApp(config, {
    connection,
    observe: (text) => statements.push(text),
    ...(storage && { storage }),
    ...(logTo && { logTo }),
    ...(heldFile !== undefined && { heldFile }),
    // In this mode every query runs compiled, from its first time.
    ...(process.env['TEST_COMPILED'] === 'on' && { compileAfter: 0 }),
  });
  const local = await listenLocally(started.handler, join(dataDir, 'http'));
  const app = Object.assign(started, { fetch: local.fetch });
  const { privateKey } = developmentKeys(dataDir);

  async function createTenant(): Promise<TestTenant> {
    const id = newId();
    await app.database.prisma.tenant.create({ data: { id, name: `Tenant ${id}` } });
    const token: TestTenant['token'] = (granted = scopes, { expiresIn = '1h' } = {}) =>
      new SignJWT({ tenant: id, scope: granted.join(' ') })
        .setProtectedHeader({ alg: 'ES256' })
        .setSubject('tester')
        .setIssuer(config.jwt.issuer)
        .setAudience(config.jwt.audience)
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(privateKey);
    const administrator = await token();
    return {
      id,
      token,
      async graphql(document, variables, headers = { authorization: `Bearer ${administrator}` }) {
        const before = statements.length;
        const response = await app.fetch(
          new Request('http://localhost/graphql', {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify({ query: typeof document === 'string' ? document : print(document), variables }),
          }),
        );
        const result = (await response.json()) as ExecutionResult;
        return {
          data: result.data as Untyped,
          errors: result.errors as ResultError[] | undefined,
          status: response.status,
          headers: response.headers,
          // What signing in costs the first time isn't the operation's.
          statements: statements
            .slice(before)
            .filter((text) => !/from (tenant t where|credential_key k where)/.test(text)),
        };
      },
    };
  }

  return {
    app,
    tenant: await createTenant(),
    createTenant,
    statements,
    async close() {
      await app.close();
      await local.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The result's data; throws what went wrong when there are errors. */
export function dataOf<Data>({ data, errors }: Answer<Data>): Data {
  if (errors) throw new Error(errors.map(({ message, extensions }) => `${extensions.code}: ${message}`).join('\n'));
  return data;
}

/** The code and status of the only error of a result. */
export function problemOf({ errors }: Answer<unknown>): { code: string; status: number } {
  if (errors?.length !== 1 || !errors[0]) throw new Error(`expected one error, not ${JSON.stringify(errors)}`);
  const { code, status } = errors[0].extensions;
  return { code, status };
}
