import { type DataSet, withClient } from './data-set.ts';

/** Runs the work with the URL of a copy of the data, which is dropped afterwards. */
export async function copied(data: DataSet, name: string, work: (databaseUrl: string) => Promise<void>): Promise<void> {
  const url = new URL(data.databaseUrl);
  const template = url.pathname.slice(1);
  const copy = `${template}_${name}`;
  const server = new URL(url);
  server.pathname = '/postgres';
  await withClient(server.href, async (client) => {
    await client.query(`drop database if exists "${copy}" with (force)`);
    await client.query(`create database "${copy}" template "${template}"`);
  });
  url.pathname = `/${copy}`;
  try {
    await work(url.href);
  } finally {
    await withClient(server.href, (client) => client.query(`drop database "${copy}" with (force)`));
  }
}
