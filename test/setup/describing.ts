import { readFileSync } from 'node:fs';
import { PGlite, protocol } from '@electric-sql/pglite';
import pg from 'pg';
import { extensions } from '../../src/database/embedded.ts';
import type { Place } from './database.ts';

/**
 * What PostgreSQL says of a statement that it has prepared: types by their numbers, and where a column comes straight
 * from a table.
 */
export type Description = {
  parameters: readonly number[];
  columns: readonly { name: string; type: number; table: number; column: number }[];
};

/** A database that prepares statements and describes them, and runs none of them. */
export type Describing = {
  /** Throws where PostgreSQL refuses the statement. */
  describe(text: string): Promise<Description>;
  query(text: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

type ParameterMessage = { dataTypeIDs: number[] };
type RowMessage = { fields: { name: string; dataTypeID: number; tableID: number; columnID: number }[] };

const columnsOf = (message: RowMessage | undefined): Description['columns'] =>
  (message?.fields ?? []).map(({ name, dataTypeID, tableID, columnID }) => ({
    name,
    type: dataTypeID,
    table: tableID,
    column: columnID,
  }));

/** Opens the tests' database for that. */
export async function openDescribing(place: Place): Promise<Describing> {
  return 'url' in place ? onServer(place.url) : embedded(place.imageFile);
}

async function embedded(imageFile: string): Promise<Describing> {
  const database = await PGlite.create({ extensions, loadDataDir: new Blob([readFileSync(imageFile)]) });
  const { serialize } = protocol;
  return {
    async describe(text) {
      try {
        const parsed = await database.execProtocol(serialize.parse({ text }));
        const described = await database.execProtocol(serialize.describe({ type: 'S' }));
        const messages = [...parsed.messages, ...described.messages];
        const find = (name: string): unknown => messages.find((message) => message.name === name);
        return {
          parameters: (find('parameterDescription') as ParameterMessage | undefined)?.dataTypeIDs ?? [],
          columns: columnsOf(find('rowDescription') as RowMessage | undefined),
        };
      } finally {
        await database.execProtocol(serialize.sync());
      }
    },
    query: async (text) => (await database.query<Record<string, unknown>>(text)).rows,
    close: () => database.close(),
  };
}

/** The part of pg's connection that a query of one's own writes to. */
type Wire = {
  parse(query: { name: string; text: string; types: [] }): void;
  describe(what: { type: 'S'; name: string }): void;
  sync(): void;
  once(event: 'parameterDescription', listener: (message: ParameterMessage) => void): void;
};

async function onServer(url: string): Promise<Describing> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    describe: (text) =>
      new Promise((resolve, reject) => {
        let parameters: readonly number[] = [];
        let row: RowMessage | undefined;
        const submitted = {
          submit(connection: unknown) {
            const wire = connection as Wire;
            wire.once('parameterDescription', ({ dataTypeIDs }) => {
              parameters = dataTypeIDs;
            });
            wire.parse({ name: '', text, types: [] });
            wire.describe({ type: 'S', name: '' });
            wire.sync();
          },
          handleRowDescription(message: RowMessage) {
            row = message;
          },
          // After an error the client tells the query nothing more.
          handleError: reject,
          handleReadyForQuery: () => resolve({ parameters, columns: columnsOf(row) }),
        };
        client.query(submitted as unknown as pg.Submittable);
      }),
    query: async (text) => (await client.query(text)).rows,
    close: () => client.end(),
  };
}
