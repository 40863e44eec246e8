import pg from 'pg';
import { pino } from 'pino';
import { expect, inject, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { newId } from '../../src/database/ids.ts';
import { backfillKeys, startBackfill } from '../../src/identity/backfill.ts';
import { startApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { whoIs } from './asking.ts';

test('stored rows get their keys, each row and id stays, and what clashes stays as it was', async () => {
  const own = await createOwnDatabase(inject('database'));
  const old = await startApp({}, undefined, { database: own.place });
  try {
    const { tenant } = old;
    const { prisma } = old.app.database;
    const tenantId = tenant.id;
    const configs = Object.fromEntries(
      await Promise.all(['telegram', 'whatsapp', 'sms'].map(async (name) => [name, await createConfig(tenant, name)])),
    ) as Record<string, string>;
    const participantId = await createParticipant(tenant);
    const channel = (provider: string, address: string, identityKey: string | null) => ({
      ...{ tenantId, id: newId(), participantId, integrationConfigId: configs[provider] as string, provider, address },
      ...{ identityKey, addressValid: false },
    });
    await prisma.channel.createMany({
      data: [
        channel('telegram', '@Ada_L', null),
        channel('whatsapp', '14155550101@lid', '+14155550101'),
        channel('sms', '+553188888888', '+553188888888'),
        channel('sms', '68849', null),
      ],
    });
    const sender = (address: string, messageCount: number) => ({
      ...{ tenantId, id: newId(), integrationConfigId: configs['telegram'] as string, address, messageCount },
      ...{ firstMessageAt: new Date(), lastMessageAt: new Date() },
    });
    await prisma.unknownSender.createMany({ data: [sender('@Bob_B', 1), sender('@bob_b', 2), sender('@Cy_C', 3)] });
    const user = (phoneNumber: string) => ({ tenantId, id: newId(), phoneNumber });
    const users = [
      user('+553188888888'),
      user('+5511988888888'),
      user('+551188888888'),
      user('+5491123456789'),
      user('+14155550101'),
    ];
    await prisma.externalUser.createMany({ data: users });

    await old.app.database.connection.query(prepared('delete from backfill'), []);
    await backfillKeys(old.app.database, old.app.log);

    const channels = await prisma.channel.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(
      channels.map(({ identityKey, addressKey, addressValid }) => [identityKey, addressKey, addressValid]),
    ).toEqual([
      [null, '@ada_l', true],
      [null, null, true],
      ['+5531988888888', null, true],
      [null, null, true],
    ]);
    expect(await whoIs(tenant, { channel: { provider: 'telegram', address: '@ada_l' } })).toEqual([
      [participantId],
      [users[0]?.id],
    ]);
    const senders = await prisma.unknownSender.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(senders.map(({ address, addressKey }) => [address, addressKey])).toEqual([
      ['@Bob_B', null],
      ['@bob_b', null],
      ['@Cy_C', '@cy_c'],
    ]);
    const after = await prisma.externalUser.findMany({ where: { tenantId }, orderBy: { id: 'asc' } });
    expect(after.map(({ id, phoneNumber, phoneKey }) => [id, phoneNumber, phoneKey])).toEqual([
      [users[0]?.id, '+5531988888888', null],
      [users[1]?.id, '+5511988888888', null],
      [users[2]?.id, '+551188888888', null],
      [users[3]?.id, '+5491123456789', '+541123456789'],
      [users[4]?.id, '+14155550101', null],
    ]);
    // Done once: a second start reads nothing but that.
    const before = old.statements.length;
    await backfillKeys(old.app.database, old.app.log);
    expect(old.statements.length - before).toBe(1);
  } finally {
    await old.close();
    await own.drop();
  }
}, 60_000);

test('the start does not wait for the keys of many rows, and goes on with them', async () => {
  const own = await createOwnDatabase(inject('database'));
  if (!('url' in own.place)) return;
  const old = await startApp({}, undefined, { database: own.place });
  const other = new pg.Client({ connectionString: own.place.url });
  try {
    const { database, log } = old.app;
    const user = { tenantId: old.tenant.id, id: newId(), phoneNumber: '+553188888888' };
    await database.prisma.externalUser.create({ data: user });
    await database.connection.query(prepared('delete from backfill'), []);
    await other.connect();
    await other.query('begin');
    await other.query('select from external_user where id = $1 for update', [user.id]);

    const stop = await startBackfill(database, log);
    const unfinished = () => database.prisma.backfill.count({ where: { finishedAt: null } });
    expect(await unfinished()).toBe(1);
    await other.query('commit');
    await stop();
    // What the stop left is done by the next start.
    await startBackfill(database, log);
    expect(await unfinished()).toBe(0);
    expect(await database.prisma.externalUser.findFirst({ where: { id: user.id } })).toMatchObject({
      phoneNumber: '+5531988888888',
    });
  } finally {
    await other.end();
    await old.close();
    await own.drop();
  }
}, 60_000);

test('a step is of a bounded number of tenants, and a step that is tried again is logged', async () => {
  const own = await createOwnDatabase(inject('database'));
  const old = await startApp({}, undefined, { database: own.place });
  try {
    const { database } = old.app;
    const tenantIds = Array.from({ length: 120 }, () => newId()).sort();
    await database.prisma.tenant.createMany({ data: tenantIds.map((id) => ({ id, name: id })) });
    const users = tenantIds.map((tenantId) => ({ tenantId, id: newId(), phoneNumber: '+553188888888' }));
    await database.prisma.externalUser.createMany({ data: users });
    await database.connection.query(prepared('delete from backfill'), []);
    /** How many tenants each transaction has read telephone numbers of. */
    const read: number[] = [];
    let isFirst = true;
    const transaction: Database['transaction'] = (work) =>
      database.transaction((query) => {
        let tenants = 0;
        const counting = ((...asked: Parameters<typeof query>) => {
          if (
            /from "?external_user"? r.*r\.phone_number is not null.*for no key update/s.test(asked[0].all.many.text)
          ) {
            if (tenants === 0) read.push(0);
            tenants += 1;
            read[read.length - 1] = tenants;
            if (isFirst) {
              isFirst = false;
              return Promise.reject(new Error('the rows are locked'));
            }
          }
          return query(...asked);
        }) as typeof query;
        return work(counting);
      });
    const logged: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
    await backfillKeys(
      new Proxy(database, { get: (of, key) => (key === 'transaction' ? transaction : Reflect.get(of, key, of)) }),
      log,
    );
    expect(read).toEqual([1, 50, 50, 20]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('is tried again');
    const numbers = await database.prisma.externalUser.findMany({ select: { phoneNumber: true } });
    expect(new Set(numbers.map(({ phoneNumber }) => phoneNumber))).toEqual(new Set(['+5531988888888']));
  } finally {
    await old.close();
    await own.drop();
  }
}, 120_000);
