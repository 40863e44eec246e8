import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TenantTransaction } from '../../src/database/database.ts';
import type { Given, Writing } from '../../src/transfer/outcome.ts';
import { inTransaction, writeRows } from '../../src/transfer/write.ts';
import { dataOf } from '../app.ts';
import { createConversation } from '../conversations/factories.ts';
import { importFile } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '2', JOB_LEASE_MS: '2000' });
const { over } = transfers(service);
const hooks = { channelsChanged: async () => {}, setAvatarFile: async () => {}, beforeDelete: async () => {} };
const writing: Writing = {
  onConflict: 'UPDATE',
  unexpected: (error) => {
    throw error;
  },
};

test('imports, rows of a command and ensures of the same people at once end with each person once', async () => {
  const { tenant } = service;
  const people = Array.from({ length: 200 }, (_, n) => ({ email: `p${n}@once.example`, fkId: `once-${n}` }));
  const backwards = people.toReversed();
  const database = service.app.database.forTenant(tenant.id);
  // By one identifier, by the other, and by both: all of them meet in the same rows.
  const rows = (fields: readonly object[]): Given[] =>
    fields.map((each, n) => ({ line: n + 1, fields: each as Given['fields'] }));
  const written = (fields: readonly object[]) =>
    inTransaction(database, (tx) => writeRows(tx, 'EXTERNAL_USERS', rows(fields), writing, hooks));
  const file = (of: typeof people) => `email,fkId\n${of.map(({ email, fkId }) => `${email},${fkId}`).join('\n')}\n`;
  const imported = async (of: typeof people) => {
    const input = { kind: 'EXTERNAL_USERS', format: 'CSV', onConflict: 'UPDATE' };
    const { startImport } = dataOf(await importFile(service, tenant, file(of), input));
    return over('import', startImport.import.id);
  };
  const conversationId = await createConversation(tenant);
  const ensured = Promise.all(
    people
      .filter((_, n) => n % 40 === 0)
      .map(async ({ email }) => {
        const contactByIdentifier = { identifierKey: 'emailaddress', identifierValue: email };
        const input = { conversationId, participant: { contactByIdentifier } };
        return dataOf(
          await tenant.graphql(
            'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }',
            { input },
          ),
        ).ensureConversationParticipant.created;
      }),
  );
  const [one, other, first, second] = await Promise.all([
    imported(people),
    imported(backwards),
    written(backwards),
    written(people),
    ensured,
  ]);
  for (const job of [one, other]) expect(job).toMatchObject({ state: 'DONE', rejected: 0, doneRows: 200 });
  for (const outcome of [first, second]) expect(outcome.rejected).toEqual([]);
  // An ensure has added some of them.
  const created = one.created + other.created + first.created + second.created;
  expect(created).toBeGreaterThanOrEqual(195);
  expect(created).toBeLessThanOrEqual(200);
  const stored = await service.app.database.prisma.externalUser.findMany({ where: { tenantId: tenant.id } });
  expect(stored.map(({ email, fkId }) => `${email} ${fkId}`).sort()).toEqual(
    people.map(({ email, fkId }) => `${email} ${fkId}`).sort(),
  );
});

test.skipIf(!process.env['DATABASE_URL'])(
  'batches of one tenant take turns, and those of others do not wait',
  async () => {
    const [tenant, elsewhere] = [await service.createTenant(), await service.createTenant()];
    const order: string[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const write = async (id: string, name: string, hold: Promise<void> | null) =>
      service.app.database.forTenant(id).transaction(async (tx: TenantTransaction) => {
        await writeRows(tx, 'EXTERNAL_USERS', [{ line: 1, fields: { fkId: name } }], writing, hooks);
        order.push(name);
        await hold;
      });
    const holder = write(tenant.id, 'first', released);
    while (order.length === 0) await sleep(5);
    const waiting = write(tenant.id, 'second', null);
    await write(elsewhere.id, 'other', null);
    order.push('released');
    release();
    await Promise.all([holder, waiting]);
    expect(order).toEqual(['first', 'other', 'released', 'second']);
  },
);

test('a batch that met a deadlock is written again at once, and one that always does is given up', async () => {
  const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });
  let times = 0;
  const failing = (failures: number) => ({
    transaction: async <Result>(work: (tx: TenantTransaction) => Promise<Result>) => {
      times += 1;
      if (times <= failures) throw deadlock;
      return work({} as TenantTransaction);
    },
  });
  expect(await inTransaction(failing(2), async () => 'written')).toBe('written');
  expect(times).toBe(3);
  times = 0;
  await expect(inTransaction(failing(99), async () => 'written')).rejects.toBe(deadlock);
  expect(times).toBe(5);
  await expect(
    inTransaction({ transaction: () => Promise.reject(new Error('another')) }, async () => 'written'),
  ).rejects.toThrow('another');
});
