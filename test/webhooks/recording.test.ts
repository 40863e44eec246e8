import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxUnknownSenders, sweepDeliveries } from '../../src/integrations/webhooks/sweep.ts';
import { startApp, type TestApp } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromGeneric, slackSecret } from '../fakes/deliveries.ts';
import { overtaken } from '../jobs/overtaken.ts';
import { prepared } from '../prepared.ts';
import { rowsOf } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';
import { around, failures, person, sendTo, slackOf, times } from './recording.ts';
import { bindingOf, channelsOf, countsOf, generate, unknownSenders } from './webhooks.ts';

const service = useApp({ SLACK_SIGNING_SECRET: slackSecret }, around);

const slack = (tenant = service.tenant) => slackOf(tenant);
const send = (url: string, user: string, eventId?: string, app = service.app) => sendTo(app, url, user, eventId);
const statementsSince = (before: number) => service.statements.slice(before);

describe('many deliveries at once', () => {
  test('of the same are counted once', async () => {
    const webhook = await slack();
    const ada = await person(webhook, 'U0ADA');
    expect(new Set(await Promise.all(times(100, () => send(webhook.url, 'U0ADA', 'Ev0ONE'))))).toEqual(new Set([200]));
    expect(await countsOf(service.tenant, ada)).toEqual([1]);
    expect(new Set(await Promise.all(times(100, () => send(webhook.url, 'U0NOBODY', 'Ev0TWO'))))).toEqual(
      new Set([200]),
    );
    expect(
      (await unknownSenders(service.tenant, { integrationConfigId: webhook.config })).map((each) => each.messageCount),
    ).toEqual([1]);
  });

  test('for one channel are few statements, and one write of its row a batch', async () => {
    const webhook = await slack();
    const ada = await person(webhook, 'U0ADA');
    await send(webhook.url, 'U0ADA');
    const before = service.statements.length;
    await Promise.all(times(200, () => send(webhook.url, 'U0ADA')));
    const statements = statementsSince(before);
    const updates = statements.filter((text) => /update channel/.test(text)).length;
    expect(await countsOf(service.tenant, ada)).toEqual([201]);
    expect(updates).toBeLessThan(20);
    // Of each batch: the deliveries, the channels they are for, the channels.
    expect(statements).toHaveLength(3 * updates);
  });

  test('for many channels, and from many strangers, are as many statements as for one', async () => {
    const webhook = await slack();
    const people = await Promise.all(times(30, (index) => person(webhook, `U0P${index}`)));
    await send(webhook.url, 'U0FIRST');
    const before = service.statements.length;
    await Promise.all(times(60, (index) => send(webhook.url, `U0P${index}`)));
    const batches = statementsSince(before).filter((text) => /into webhook_delivery/.test(text)).length;
    expect(statementsSince(before).length).toBeLessThanOrEqual(6 * batches);
    expect(batches).toBeLessThan(20);
    expect(await Promise.all(people.map((id) => countsOf(service.tenant, id)))).toEqual(people.map(() => [1]));
    expect(await unknownSenders(service.tenant, { integrationConfigId: webhook.config })).toHaveLength(31);
  });

  test('tell once a batch whose they are', async () => {
    const webhook = await slack();
    const ada = await person(webhook, 'U0ADA', 'U0GRACE');
    const other = await service.createTenant();
    const heard: string[][] = [];
    const events = eventsOf(service);
    events(service.tenant.id, ({ participantIds }) => heard.push(participantIds));
    events(other.id, ({ participantIds }) => heard.push(['other', ...participantIds]));
    await Promise.all(times(40, (index) => send(webhook.url, index % 2 ? 'U0ADA' : 'U0GRACE')));
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.length).toBeLessThan(20);
    for (const ids of heard) expect(ids).toEqual([ada]);
  });
});

/** Hears messagesReceived of a tenant, as another feature does: by the announcements that its database makes. */
function eventsOf({ app }: TestApp) {
  const listeners = new Map<string, (event: { participantIds: string[] }) => void>();
  const forTenant = app.database.forTenant;
  app.database.forTenant = (tenantId, agentId) => {
    const db = forTenant(tenantId, agentId);
    const announce = db.announce;
    return Object.assign(Object.create(db), {
      announce: ((name, event) => {
        if (name === 'messagesReceived') listeners.get(tenantId)?.(event as { participantIds: string[] });
        announce(name, event);
      }) as typeof db.announce,
    });
  };
  return (tenantId: string, listen: (event: { participantIds: string[] }) => void) =>
    void listeners.set(tenantId, listen);
}

describe('a database that fails', () => {
  const away = () => Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const deadlock = () => Object.assign(new Error('deadlock detected'), { code: '40P01' });

  test('loses nothing that is sent again', async () => {
    const webhook = await slack();
    const ada = await person(webhook, 'U0ADA');
    await send(webhook.url, 'U0NOBODY');
    failures.failing = { error: away(), times: 1_000 };
    const refused = await Promise.all(times(20, (index) => send(webhook.url, 'U0ADA', `Ev${index}`)));
    expect(new Set(refused)).toEqual(new Set([503]));
    failures.failing = null;
    const again = await Promise.all(times(20, (index) => send(webhook.url, 'U0ADA', `Ev${index}`)));
    expect(new Set(again)).toEqual(new Set([200]));
    expect(await countsOf(service.tenant, ada)).toEqual([20]);
  });

  test('for a short time is asked again', async () => {
    const webhook = await slack();
    const ada = await person(webhook, 'U0ADA');
    failures.failing = { error: deadlock(), times: 2 };
    expect(await send(webhook.url, 'U0ADA')).toBe(200);
    expect(failures.failing.times).toBe(0);
    failures.failing = null;
    expect(await countsOf(service.tenant, ada)).toEqual([1]);
  });
});

describe('another tenant', () => {
  test('with the same addresses and the same event ids has counts of its own', async () => {
    const [mine, theirs] = [await slack(), await slack(await service.createTenant())];
    const [ada, other] = [await person(mine, 'U0ADA'), await person(theirs, 'U0ADA')];
    await Promise.all(
      times(10, (index) => [
        send(mine.url, 'U0ADA', `Ev${index}`),
        send(theirs.url, 'U0ADA', `Ev${index}`),
        send(theirs.url, 'U0STRANGER', `Ev-s${index}`),
      ]).flat(),
    );
    await send(mine.url, 'U0ADA', 'Ev10');
    expect(await countsOf(mine.tenant, ada)).toEqual([11]);
    expect(await countsOf(theirs.tenant, other)).toEqual([10]);
    expect(await unknownSenders(mine.tenant, { integrationConfigId: mine.config })).toEqual([]);
    expect(await unknownSenders(theirs.tenant)).toMatchObject([
      { address: 'U0STRANGER', messageCount: 10, agentId: theirs.agent },
    ]);
  });

  test('and another config of the same tenant know nobody of this one', async () => {
    const [here, there] = [await slack(), await slack()];
    const ada = await person(here, 'U0ADA');
    await send(there.url, 'U0ADA', 'Ev1');
    await send(here.url, 'U0ADA', 'Ev1');
    expect(await countsOf(service.tenant, ada)).toEqual([1]);
    expect(await unknownSenders(service.tenant, { integrationConfigId: there.config })).toMatchObject([
      { address: 'U0ADA' },
    ]);
  });
});

test('an address that several participants share counts for each', async () => {
  const config = await createConfig(service.tenant, 'sms');
  const agent = await createAgent(service.tenant);
  const people = await Promise.all(
    ['+14155550111', '+1 415 555 0111'].map((address) =>
      createParticipant(service.tenant, { agentIds: [agent], channels: [{ integrationConfigId: config, address }] }),
    ),
  );
  const { url, secret } = await generate(service.tenant, { bindingId: await bindingOf(service.tenant, people[0]!) });
  // One telephone in three spellings, in one batch.
  await Promise.all(
    ['+14155550111', '0014155550111', '+1-415-555-0111'].map((from) =>
      service.app.fetch(fromGeneric(url, secret, { from })),
    ),
  );
  for (const id of people) expect(await countsOf(service.tenant, id)).toEqual([3]);
  await Promise.all(
    ['+14155550112', '0014155550112'].map((from) => service.app.fetch(fromGeneric(url, secret, { from }))),
  );
  await service.app.fetch(fromGeneric(url, secret, { from: '+1-415-555-0112' }));
  expect(await unknownSenders(service.tenant, { integrationConfigId: config })).toMatchObject([{ messageCount: 3 }]);
});

test('in any order of arrival, each delivery counts once', async () => {
  const webhook = await slack();
  const known = ['U0A', 'U0B'];
  const strangers = ['U0X', 'U0Y'];
  const ada = await person(webhook, ...known);
  const expected = new Map<string, Set<string>>();
  let run = 0;
  const delivery = fc.record({ user: fc.constantFrom(...known, ...strangers), id: fc.integer({ min: 0, max: 15 }) });
  const script = fc.array(fc.record({ delivery, wait: fc.boolean() }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      run += 1;
      const under = new Map<string, string>();
      const running: Promise<number>[] = [];
      for (const { delivery, wait } of steps) {
        // An event has one sender.
        const id = `Ev${run}-${delivery.id}`;
        const user = under.get(id) ?? delivery.user;
        under.set(id, user);
        expected.set(user, (expected.get(user) ?? new Set()).add(id));
        running.push(send(webhook.url, user, id));
        if (wait) await running.at(-1);
      }
      expect(new Set(await Promise.all(running))).toEqual(new Set([200]));
      const counted = new Map(
        (await channelsOf(service.tenant, ada)).map(({ address, messageCount }) => [address, messageCount]),
      );
      for (const { address, messageCount } of await unknownSenders(service.tenant, {
        integrationConfigId: webhook.config,
      }))
        counted.set(address, messageCount);
      for (const user of [...known, ...strangers]) expect(counted.get(user) ?? 0).toBe(expected.get(user)?.size ?? 0);
    }),
    { numRuns: 25 },
  );
});

test('what is waiting is written before the service stops', async () => {
  const stopping = await startApp({ SLACK_SIGNING_SECRET: slackSecret }, around);
  const config = await createConfig(stopping.tenant, 'slack');
  const { url } = await generate(stopping.tenant, { integrationConfigId: config });
  const written: string[] = [];
  const query = stopping.app.database.connection.close;
  stopping.app.database.connection.close = async () => {
    written.push(JSON.stringify(await rowsOf(stopping.app.database, stopping.tenant.id)));
    await query();
  };
  await send(url, 'U0FIRST', 'Ev0FIRST', stopping.app);
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    failures.waiting = { begun: resolve, until };
  });
  const answers = Promise.all(times(50, (index) => send(url, 'U0LATE', `Ev${index}`, stopping.app)));
  await begun;
  // The app alone: the tests' own socket stays until all have been answered.
  const closed = stopping.app.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  failures.waiting = null;
  goOn();
  await closed;
  const acknowledged = (await answers).filter((status) => status === 200).length;
  expect(acknowledged).toBeGreaterThan(0);
  expect((JSON.parse(written[0]!) as Record<string, unknown[]>)['webhook_delivery']).toHaveLength(1 + acknowledged);
  await stopping.close();
});

test('a delivery that was recorded anew since the sweep has read it stays', async () => {
  const webhook = await slack();
  await send(webhook.url, 'U0NEW', 'Ev0NEW');
  const { prisma } = service.app.database;
  const where = { tenantId: service.tenant.id, integrationConfigId: webhook.config };
  const at = (hours: number) =>
    prisma.webhookDelivery.updateMany({ where, data: { receivedAt: new Date(Date.now() - hours * 3_600_000) } });
  await at(73);
  await sweepDeliveries(
    overtaken(service.app.database, () => at(0)),
    new Date(),
  );
  expect(await prisma.webhookDelivery.count({ where })).toBe(1);
  await at(73);
  await sweepDeliveries(service.app.database, new Date());
  expect(await prisma.webhookDelivery.count({ where })).toBe(0);
});

test('the sweep lets go of old deliveries, and of the unknown senders heard of least lately', async () => {
  const webhook = await slack();
  const other = await slack();
  await send(webhook.url, 'U0NEW', 'Ev0NEW');
  const { connection } = service.app.database;
  const tenantId = service.tenant.id;
  await connection.query(
    prepared(`insert into webhook_delivery (tenant_id, integration_config_id, delivery_id, received_at)
     select $1::uuid, $2::uuid, 'Old' || n, now() - interval '73 hours' from generate_series(1, 6000) n`),
    [tenantId, webhook.config],
  );
  await connection.query(
    prepared(`insert into unknown_sender (tenant_id, id, integration_config_id, address, message_count, first_message_at, last_message_at)
     select $1::uuid, gen_random_uuid(), $2::uuid, 'U' || n, 1, now() - interval '1 year', now() - n * interval '1 second' from generate_series(1, 10020) n`),
    [tenantId, webhook.config],
  );
  await send(other.url, 'U0OTHER');
  await Promise.all([
    sweepDeliveries(service.app.database, new Date()),
    sweepDeliveries(service.app.database, new Date()),
  ]);
  const rows = await rowsOf(service.app.database, tenantId);
  const deliveries = rows['webhook_delivery']!.filter((each) => JSON.stringify(each).includes(webhook.config));
  expect(deliveries).toHaveLength(1);
  const senders = rows['unknown_sender']!.map((each) => JSON.stringify(each));
  const ofConfig = senders.filter((each) => each.includes(webhook.config));
  expect(ofConfig).toHaveLength(maxUnknownSenders);
  for (const [address, there] of [
    ['U0NEW', true],
    ['U9999', true],
    ['U10000', false],
    ['U10020', false],
  ] as const)
    expect([address, ofConfig.some((each) => each.includes(`"${address}\\`))]).toEqual([address, there]);
  expect(senders.some((each) => each.includes(other.config))).toBe(true);
});
