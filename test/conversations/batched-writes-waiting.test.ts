import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { ask, type Call, flow } from './ensure-calls.ts';
import { createConversation } from './factories.ts';

const database = inject('database');

// A caller that waits for another session does not delay concurrent callers. The embedded database has one session.
describe.skipIf(!('url' in database))('while another session', () => {
  let service: TestApp;
  let tenant: TestTenant;
  let session: pg.Client;
  beforeAll(async () => {
    service = await startApp();
    ({ tenant } = service);
    session = new pg.Client({ connectionString: (database as { url: string }).url });
    await session.connect();
  });
  afterAll(async () => {
    await session.end();
    await service.close();
  });

  /**
   * What is asked while the other session has done this and not committed: who is answered meanwhile, what all are in
   * the end, and in how many statements.
   */
  async function while_(sql: string, values: unknown[], calls: readonly Call[]) {
    const answered = new Set<number>();
    const before = service.statements.length;
    await session.query('begin');
    await session.query(sql, values);
    const all = calls.map((call, at) =>
      ask(service, call).finally(() => {
        answered.add(at);
      }),
    );
    const deadline = Date.now() + 2_000;
    while (answered.size < calls.length - 1 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const meanwhile = [...answered].sort();
    await session.query('commit');
    const outcomes = await Promise.all(all);
    return { meanwhile, outcomes, statements: service.statements.length - before };
  }

  test('holds a conversation, only those wait who want to be in it', async () => {
    const [held, free] = [await createConversation(tenant), await createConversation(tenant)];
    const { meanwhile, outcomes, statements } = await while_(
      'update conversation set closed_at = now() where id = $1',
      [held],
      [
        { of: tenant, conversationId: held, participant: flow('a') },
        { of: tenant, conversationId: free, participant: flow('b') },
        { of: tenant, conversationId: free, participant: flow('c') },
      ],
    );
    expect(meanwhile).toEqual([1, 2]);
    // The one for all passes over the one who waits.
    expect(statements).toBe(2);
    expect(outcomes).toMatchObject([{ code: 'PARTICIPANT_STATE_CONFLICT' }, { created: true }, { created: true }]);
  });

  test('deletes a participant, only those wait who want to add it', async () => {
    const [going, staying] = [await createParticipant(tenant), await createParticipant(tenant)];
    const conversationId = await createConversation(tenant);
    const { meanwhile, outcomes, statements } = await while_(
      'delete from participant where id = $1',
      [going],
      [
        { of: tenant, conversationId, participant: { user: { id: staying } } },
        { of: tenant, conversationId, participant: { user: { id: going } } },
      ],
    );
    expect(meanwhile).toEqual([0]);
    // The one who waits asks alone, and once more when it is gone.
    expect(statements).toBe(3);
    expect(outcomes).toMatchObject([{ created: true }, { code: 'PARTICIPANT_NOT_FOUND' }]);
  });

  test('holds a conversation, others do not wait for a new user that waits for it', async () => {
    const [held, free] = [await createConversation(tenant), await createConversation(tenant)];
    const participant = {
      contactByIdentifier: { identifierKey: 'emailaddress' as const, identifierValue: 'fresh@example.com' },
    };
    const { meanwhile, outcomes } = await while_(
      'select from conversation where id = $1 for update',
      [held],
      [
        { of: tenant, conversationId: held, participant },
        { of: tenant, conversationId: free, participant },
      ],
    );
    expect(meanwhile).toEqual([1]);
    expect(outcomes).toMatchObject([{ created: true }, { created: true }]);
    const [one, other_] = outcomes as { participantId: string }[];
    expect(one?.participantId).toBe(other_?.participantId);
  });

  test('adds the same, only those wait for it who want the same', async () => {
    const [contested, free] = [await createConversation(tenant), await createConversation(tenant)];
    const id = newId();
    const { meanwhile, outcomes } = await while_(
      `insert into conversation_member (tenant_id, id, conversation_id, type, participant_id) values ($1, $2, $3, 'FLOW', 'same')`,
      [tenant.id, id, contested],
      [
        { of: tenant, conversationId: contested, participant: flow('same') },
        { of: tenant, conversationId: free, participant: flow('same') },
      ],
    );
    expect(meanwhile).toEqual([1]);
    expect(outcomes).toMatchObject([{ created: false, id }, { created: true }]);
  });
});
