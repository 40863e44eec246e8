import { expect, inject, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { newId } from '../../src/database/ids.ts';
import { columns } from '../../src/database/sql/columns.ts';
import { anyKey, tenant as tenantOfCaller } from '../../src/database/sql/fragment.ts';
import { batchedRead } from '../../src/database/sql/statement.ts';
import { text } from '../../src/database/sql/types.ts';
import { dataOf } from '../app.ts';
import { settled } from '../avatars/background.ts';
import { type Call, ensureConcurrently, flow } from '../conversations/ensure-calls.ts';
import { createConversation, createExternalUser, ensure } from '../conversations/factories.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { slackSecret } from '../fakes/deliveries.ts';
import { whoIs } from '../identity/asking.ts';
import { prepared } from '../prepared.ts';
import { connectTestDatabase } from '../setup/database.ts';
import { importFile } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { person, sendTo, slackOf } from '../webhooks/recording.ts';
import { countsOf, unknownSenders } from '../webhooks/webhooks.ts';

const workers = { AVATAR_WORKERS: '1', IMPORT_WORKERS: '1', JOB_LEASE_MS: '600', PROVIDER_TIMEOUT_MS: '100' };
const service = useAppAlone({ SLACK_SIGNING_SECRET: slackSecret, ...workers }, undefined, { distributed: true });

const writes = /\b(insert|update|delete|for share|for key share)\b/i;
const ofOneTenant = /\btenant_id"? = \$\d+|^INSERT INTO "public"\."\w+" \("(tenant_id|id)",|^delete from backfill/;
/** The statements that write or lock, and are not of one tenant. */
const faultsIn = (statements: readonly string[]) =>
  statements.filter((each) => writes.test(each) && !ofOneTenant.test(each));

test('what is usually asked for and done writes and locks in one tenant at a time', async () => {
  const [one, other] = [service.tenant, await service.createTenant()];
  const begin = service.statements.length;
  for (const of of [one, other]) {
    const agent = await createAgent(of);
    const id = await createParticipant(of, { displayName: 'Ada', email: 'ada@example.com', agentIds: [agent] });
    const conversationId = await createConversation(of);
    for (const participant of [
      { user: { id } },
      { agent: { id: agent } },
      { flow: { id: 'f' } },
      { contact: { id: await createExternalUser(of, { email: 'grace@example.com' }) } },
      { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'grace@example.com' } },
      { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'new' } },
    ])
      dataOf(await ensure(of, { conversationId, participant }));
    expect(dataOf(await of.graphql('{ participants { id channels { id } agentIds } }')).participants).toHaveLength(1);
    expect((await whoIs(of, { email: 'ada@example.com' }))[0]).toEqual([id]);
  }

  // One batch of deliveries of both, from somebody who is known and from somebody who is not.
  const [mine, theirs] = [await slackOf(one), await slackOf(other)];
  const [ada, grace] = [await person(mine, 'U0ADA'), await person(theirs, 'U0ADA')];
  const sent = [mine, theirs].flatMap(({ url }) =>
    ['U0ADA', 'U0ADA', 'U0NOBODY'].map((user, n) => sendTo(service.app, url, user, `Ev${n}`)),
  );
  expect(new Set(await Promise.all(sent))).toEqual(new Set([200]));
  await sendTo(service.app, mine.url, 'U0ADA', 'Ev0');
  expect(await countsOf(one, ada)).toEqual([2]);
  expect(await countsOf(other, grace)).toEqual([2]);
  for (const { tenant, config } of [mine, theirs])
    expect(await unknownSenders(tenant, { integrationConfigId: config })).toMatchObject([{ messageCount: 1 }]);

  const started = await importFile(service, one, 'fkId,email\n1,one@example.com\n', {
    kind: 'EXTERNAL_USERS',
    format: 'CSV',
  });
  const { id } = dataOf(started).startImport.import;
  const imported = () => service.app.database.prisma.dataJob.findFirstOrThrow({ where: { id } });
  await until(async () => (await imported()).state === 'DONE');
  expect(await imported()).toMatchObject({ createdRows: 1 });
  // Their configs are not connected, so the syncs fail.
  for (const [{ tenant, config }, participantId] of [
    [mine, ada],
    [theirs, grace],
  ] as const)
    await service.app.database.prisma.avatarSyncJob.create({
      data: {
        tenantId: tenant.id,
        id: newId(),
        participantId,
        integrationConfigId: config,
        address: 'U0ADA',
        kind: 'AUTOMATIC',
      },
    });
  for (const of of [one, other]) expect(await settled(service, of)).toMatchObject([{ state: 'FAILED' }]);

  const statements = service.statements.slice(begin);
  expect(statements.filter((each) => /into webhook_delivery/.test(each)).length).toBeGreaterThan(1);
  expect(statements.filter((each) => /update avatar_sync_job j set state = 'RUNNING'/.test(each))).not.toEqual([]);
  expect(faultsIn(statements)).toEqual([]);
});

test('callers of several tenants are one statement each tenant, and each gets its own', async () => {
  const [one, other] = [service.tenant, await service.createTenant()];
  const calls: Call[] = [];
  for (let n = 0; n < 5; n++)
    for (const of of [one, other])
      calls.push({ of, conversationId: await createConversation(of), participant: flow(`flow ${n}`) });
  const { outcomes, statements } = await ensureConcurrently(service, calls);
  expect(statements.filter((each) => /insert into conversation_member/.test(each))).toHaveLength(2);
  expect(outcomes).toMatchObject(
    calls.map(({ participant }) => ({ created: true, participantId: participant.flow?.id })),
  );
  const conversationId = calls[0]?.conversationId as string;
  // A conversation of another tenant is nobody's here.
  const foreign = await ensureConcurrently(service, [{ of: other, conversationId, participant: flow('x') }]);
  expect(foreign.outcomes).toEqual([{ code: 'CONVERSATION_NOT_FOUND' }]);
});

test('a tenant whose deliveries cannot be written refuses those of no other, and what is sent again counts once', async () => {
  const [mine, theirs] = [await slackOf(await service.createTenant()), await slackOf(await service.createTenant())];
  const [ada, grace] = [await person(mine, 'U0ADA'), await person(theirs, 'U0ADA')];
  const { connection } = service.app.database;
  const run = (text: string) => connection.query(prepared(text), []);
  await run(`create function away() returns trigger language plpgsql as $$ begin
    if new.tenant_id = '${mine.tenant.id}' then raise exception 'away' using errcode = '57014'; end if; return new; end $$`);
  await run('create trigger away before insert on webhook_delivery for each row execute function away()');
  const send = () =>
    Promise.all([mine, theirs, mine, theirs].map(({ url }, n) => sendTo(service.app, url, 'U0ADA', `Ev-${n}`)));
  expect(await send()).toEqual([503, 200, 503, 200]);
  await run('drop trigger away on webhook_delivery');
  await run('drop function away');
  expect(await send()).toEqual([200, 200, 200, 200]);
  expect(await countsOf(mine.tenant, ada)).toEqual([2]);
  expect(await countsOf(theirs.tenant, grace)).toEqual([2]);
});

const place = inject('database');
// The embedded database sends every read on its own.
test.runIf('url' in place)('reads of callers of several tenants are sent one by one', async () => {
  const agent = columns('Agent', 'a', ['id', 'name']);
  const form = batchedRead(
    agent,
  )`select ${agent} from agent a where a.tenant_id = ${tenantOfCaller} and a.id = ${anyKey(text)}`.all.one;
  if (!form) throw new Error('It has a form for one key.');
  /** The statements for many that are prepared after some were asked at once. */
  const joined = async (connection: Connection): Promise<number> => {
    await connection.query(form, [newId(), 'x']);
    await Promise.all(Array.from({ length: 20 }, () => connection.query(form, [newId(), 'x'])));
    // From its second time on it is read where the others are.
    const all = prepared(`select p.statement::text from pg_prepared_statements p`);
    await connection.query(all, []);
    const lists = await Promise.all(Array.from({ length: 30 }, () => connection.query(all, [])));
    return (lists.flat() as { statement: string }[]).filter(({ statement }) => statement === form.forMany?.text).length;
  };
  const [apart, together] = [await connectTestDatabase(place, true), await connectTestDatabase(place)];
  try {
    expect(await joined(together)).toBeGreaterThan(0);
    expect(await joined(apart)).toBe(0);
  } finally {
    await Promise.all([apart.close(), together.close()]);
  }
});
