import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Answer, dataOf, startApp, type TestApp } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAccessKey, createAgent, createParticipant } from '../factories.ts';
import { subscribe } from '../streams.ts';
import { noServer, type OwnServer, startServer } from './postgres-server.ts';

const runs = 'url' in inject('database') ? noServer : 'DATABASE_URL is not given';
const named = runs === null ? '' : ` (skipped: ${runs})`;

const create = (displayName: string) =>
  `mutation { createParticipant(input: { kind: PERSON, displayName: "${displayName}" }) { participant { id displayName } } }`;
const rename = (id: string, displayName: string) =>
  `mutation { updateParticipant(input: { participantId: "${id}", displayName: "${displayName}" }) { participant { displayName } } }`;
const nameOf = (id: string) => `{ participant(id: "${id}") { displayName } }`;

describe.skipIf(runs !== null)(`reads on a standby${named}`, () => {
  let primary: OwnServer;
  let standby: OwnServer;
  let service: TestApp;

  beforeAll(async () => {
    primary = await startServer();
    standby = await primary.standby();
    service = await start({ DATABASE_READ_LAG_MS: '1000' });
  });
  afterAll(async () => {
    await service?.close();
    await primary?.close();
  });

  const urls = () => `postgresql://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres`;
  const start = (environment: Record<string, string>) =>
    startApp({ LOG_LEVEL: 'silent', DATABASE_URL: urls(), DATABASE_READ_URL: standby.url, ...environment }, undefined, {
      database: { url: urls() },
    });
  const get = (path: string) => service.app.fetch(new Request(`http://localhost${path}`));
  const readiness = async () => (await get('/readyz')).json() as Promise<{ ready: boolean; degraded: string[] }>;
  const isUsed = async () => !(await readiness()).degraded.includes('standby');
  /** How many statements of reads each server has answered. */
  async function reads(): Promise<{ standby: number; primary: number }> {
    const text = await (await get('/metrics')).text();
    const of = (server: string) =>
      Number(new RegExp(`^rollcall_lagging_reads_total{server="${server}"} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return { standby: of('standby'), primary: of('primary') };
  }
  /** Who answers what is asked. */
  async function answering(ask: () => Promise<unknown>): Promise<{ standby: number; primary: number }> {
    const before = await reads();
    await ask();
    const after = await reads();
    return { standby: after.standby - before.standby, primary: after.primary - before.primary };
  }
  const ask = (document: string) => service.tenant.graphql(document);
  const made = async (displayName: string): Promise<string> =>
    dataOf(await ask(create(displayName))).createParticipant.participant.id;
  /** Until all that was written is replayed, so that reads go to the standby again. */
  const replayed = (id: string) => until(async () => (await answering(() => ask(nameOf(id)))).standby === 1);

  test('go to the standby, and to the primary for what was just written', async () => {
    const id = await made('Ada');
    await replayed(id);
    for (let time = 0; time < 5; time++)
      expect(await answering(() => ask(nameOf(id)))).toEqual({ standby: 1, primary: 0 });

    await standby.sql('select pg_wal_replay_pause()');
    await ask(rename(id, 'Ada Lovelace'));
    const later = await answering(async () => {
      expect(dataOf(await ask(nameOf(id))).participant.displayName).toBe('Ada Lovelace');
    });
    expect(later).toEqual({ standby: 0, primary: 1 });
    // Another tenant has written nothing.
    const other = await service.createTenant();
    expect(await answering(() => other.graphql('{ participants { id } }'))).toMatchObject({ standby: 1, primary: 0 });
    await standby.sql('select pg_wal_replay_resume()');
    await replayed(id);
    expect(dataOf(await ask(nameOf(id))).participant.displayName).toBe('Ada Lovelace');
  });

  test('of the REST faces go there too, and what an answer to a write shows does not', async () => {
    const id = await made('Grace');
    await replayed(id);
    const path = `http://localhost/v1/tenants/${service.tenant.id}/participants/${id}`;
    const headers = { authorization: `Bearer ${await service.tenant.token()}` };
    const rest = () => service.app.fetch(new Request(path, { headers }));
    const { standby: there, primary: here } = await answering(async () => expect((await rest()).status).toBe(200));
    expect(there).toBeGreaterThan(0);
    expect(here).toBe(0);

    await standby.sql('select pg_wal_replay_pause()');
    const written = await answering(async () => {
      expect(dataOf(await ask(rename(id, 'Grace Hopper'))).updateParticipant.participant.displayName).toBe(
        'Grace Hopper',
      );
    });
    expect(written).toEqual({ standby: 0, primary: 0 });
    expect(await (await rest()).text()).toContain('Grace Hopper');
    await standby.sql('select pg_wal_replay_resume()');
    await replayed(id);
  });

  test('of an event are answered by the primary, before the standby has heard of it', async () => {
    const agentId = await createAgent(service.tenant);
    const id = await createParticipant(service.tenant, { displayName: 'Joan', agentIds: [agentId] });
    await replayed(id);
    const stream = await subscribe(
      service.app,
      await service.tenant.token(),
      `subscription { participantChanged(agentId: "${agentId}") { participants { displayName } } }`,
    );
    await standby.sql('select pg_wal_replay_pause()');
    await ask(rename(id, 'Joan Clarke'));
    const event = await stream.next();
    expect(JSON.stringify(event)).toContain('Joan Clarke');
    await stream.leave();
    await standby.sql('select pg_wal_replay_resume()');
    await replayed(id);
  });

  test.skipIf(!process.env['REDIS_URL'])('of what another replica wrote are answered by the primary too', async () => {
    const shared = { REDIS_URL: process.env['REDIS_URL'] as string };
    const [one, other] = [await start(shared), await start(shared)];
    const { headers } = await createAccessKey(service.tenant, ['ADMIN']);
    const asked = ({ tenant }: TestApp, document: string) => tenant.graphql(document, {}, headers);
    const answer = await asked(one, create('Katherine 0'));
    const { id } = dataOf(answer).createParticipant.participant;
    const metrics = async () => (await other.app.fetch(new Request('http://localhost/metrics'))).text();
    await until(async () => {
      await asked(other, nameOf(id));
      return /^rollcall_lagging_reads_total\{server="standby"\} [1-9]/m.test(await metrics());
    });
    await standby.sql('select pg_wal_replay_pause()');
    for (let count = 1; count <= 20; count++) {
      dataOf(await asked(one, rename(id, `Katherine ${count}`)));
      expect(dataOf(await asked(other, nameOf(id))).participant.displayName).toBe(`Katherine ${count}`);
    }
    await standby.sql('select pg_wal_replay_resume()');
    await one.close();
    await other.close();
    await replayed(id);
  });

  test('leave out one that lags, and come back to it', async () => {
    const id = await made('Mary');
    await replayed(id);
    await standby.sql('select pg_wal_replay_pause()');
    await ask(rename(id, 'Mary Somerville'));
    await until(async () => !(await isUsed()));
    expect(await readiness()).toMatchObject({ ready: true, degraded: ['standby'] });
    const other = await service.createTenant();
    expect(await answering(() => other.graphql('{ participants { id } }'))).toMatchObject({ standby: 0 });
    await standby.sql('select pg_wal_replay_resume()');
    await until(isUsed);
    await replayed(id);
  });

  test('go to the primary without an error when the standby is killed, and come back to it', async () => {
    const id = await made('Emmy');
    await replayed(id);
    const answers: Answer<unknown>[] = [];
    let going = true;
    const reading = Array.from({ length: 4 }, async () => {
      while (going) answers.push(await ask(nameOf(id)));
    });
    await until(() => answers.length > 20);
    await standby.stop('SIGQUIT');
    await until(async () => !(await isUsed()));
    const before = answers.length;
    await until(() => answers.length > before + 20);
    await standby.start();
    await until(isUsed);
    going = false;
    await Promise.all(reading);
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    await replayed(id);
  });

  test('read what was written when the standby is promoted under load', async () => {
    const id = await made('Rosalind 0');
    await replayed(id);
    let going = true;
    let acknowledged = 0;
    const wrong: unknown[] = [];
    // One client, which reads after each write that was acknowledged.
    const client = async () => {
      for (let count = 1; going; count++) {
        const written = await ask(rename(id, `Rosalind ${count}`));
        const read = await ask(nameOf(id));
        if (written.errors || read.errors) {
          for (const { errors } of [written, read])
            if (errors && errors[0]?.extensions.code !== 'UNAVAILABLE') wrong.push(errors);
          continue;
        }
        acknowledged = count;
        const { displayName } = (read.data as { participant: { displayName: string } }).participant;
        if (displayName !== `Rosalind ${count}`) wrong.push({ count, displayName });
      }
    };
    const others = Array.from({ length: 3 }, async () => {
      while (going) {
        const { errors } = await ask('{ participants { id } }');
        if (errors && errors[0]?.extensions.code !== 'UNAVAILABLE') wrong.push(errors);
      }
    });
    const running = [client(), ...others];
    // What is acknowledged is on the standby, so that the promotion loses nothing.
    await primary.sql(`alter system set synchronous_standby_names = '*'`);
    await primary.sql('select pg_reload_conf()');
    await until(() => acknowledged > 20);
    await primary.stop('SIGQUIT');
    standby.promote();
    const before = acknowledged;
    await until(() => acknowledged > before + 20);
    going = false;
    await Promise.all(running);
    expect(wrong).toEqual([]);
    // It is the primary now, and no standby.
    expect(await isUsed()).toBe(false);
    expect(await answering(() => ask(nameOf(id)))).toEqual({ standby: 0, primary: 1 });
  });
});
