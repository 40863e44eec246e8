import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { columns } from '../../src/database/sql/columns.ts';
import { tenant as ofTenant } from '../../src/database/sql/fragment.ts';
import { statement } from '../../src/database/sql/statement.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { createConversation, createExternalUser, ensure, member, patch, remove } from './factories.ts';

const database = inject('database');

/*
 * What another session does is held open until the call waits for it: these interleavings don't
 * depend on luck. The embedded database has one session, so there they cannot happen.
 */
describe.skipIf(!('url' in database))('while another session', () => {
  let service: TestApp;
  let tenant: TestTenant;
  let other: pg.Client;
  beforeAll(async () => {
    service = await startApp();
    tenant = service.tenant;
    other = new pg.Client({ connectionString: (database as { url: string }).url });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await service.close();
  });

  /** Answers while the statement has been run but not committed, and after it has been. */
  async function during<Answer>(sql: string, id: string, call: () => Promise<Answer>): Promise<Answer> {
    await other.query('begin');
    await other.query(sql, [id]);
    let answered = false;
    const answer = call().finally(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered, 'waits').toBe(false);
    await other.query('commit');
    return answer;
  }

  const close = 'update conversation set closed_at = now() where id = $1';
  const conflict = { code: 'PARTICIPANT_STATE_CONFLICT', status: 409 };

  test('is in a transaction of the same tenant, each sees only its own writes', async () => {
    const db = service.app.database.forTenant(tenant.id);
    const id = columns('Agent', 'a', ['id']);
    const agents = statement(id)`select ${id} from agent a where a.tenant_id = ${ofTenant}`;
    const meeting = () => {
      let arrived = 0;
      let begin = () => {};
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      return () => {
        if (++arrived === 2) begin();
        return begun;
      };
    };
    const [both, again] = [meeting(), meeting()];
    const seen = await Promise.all(
      ['one', 'two'].map((id) =>
        db.transaction(async (tx) => {
          await both();
          await tx.agent.create({ data: { tenantId: tenant.id, id: `agent-${id}`, name: id } });
          const found = await tx.query(agents);
          await again();
          return found.map(({ id }) => id);
        }),
      ),
    );
    expect(seen).toEqual([['agent-one'], ['agent-two']]);
  });

  test('closes the conversation, nobody is added', async () => {
    const conversationId = await createConversation(tenant);
    const adding = () => ensure(tenant, { conversationId, participant: { flow: { id: 'f' } } });
    expect(problemOf(await during(close, conversationId, adding))).toEqual(conflict);
  });

  test('closes the conversation, no user is made', async () => {
    const conversationId = await createConversation(tenant);
    const participant = { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'too late' } };
    expect(
      problemOf(await during(close, conversationId, () => ensure(tenant, { conversationId, participant }))),
    ).toEqual(conflict);
    expect(
      await service.app.database.prisma.externalUser.count({ where: { tenantId: tenant.id, fkId: 'too late' } }),
    ).toBe(0);
  });

  test('closes the conversation, no status changes, and who is last may leave', async () => {
    const conversationId = await createConversation(tenant);
    const id = await createParticipant(tenant);
    await member(tenant, { conversationId, participant: { user: { id } }, status: 'PENDING' });
    const patching = () => patch(tenant, { conversationId, participantId: id, status: 'ACTIVE' });
    expect(problemOf(await during(close, conversationId, patching))).toEqual(conflict);

    const another = await createConversation(tenant);
    await member(tenant, { conversationId: another, participant: { user: { id } } });
    dataOf(await during(close, another, () => remove(tenant, { conversationId: another, participantId: id })));
  });

  test('deletes the external user, its id is not found, and its identifier makes a new one', async () => {
    const deletion = 'delete from external_user where id = $1';
    const conversationId = await createConversation(tenant);
    const first = await createExternalUser(tenant);
    const byId = () => ensure(tenant, { conversationId, participant: { contact: { id: first } } });
    expect(problemOf(await during(deletion, first, byId))).toEqual({ code: 'EXTERNAL_USER_NOT_FOUND', status: 404 });

    const second = await createExternalUser(tenant, { email: 'second@example.com' });
    const participant = {
      contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'second@example.com' },
    };
    const ensured = dataOf(
      await during(deletion, second, () => ensure(tenant, { conversationId, participant })),
    ).ensureConversationParticipant;
    expect(ensured).toMatchObject({ created: true, participant: { displayName: 'second@example.com' } });
    expect(ensured.participant.participantId).not.toBe(second);
  });

  test('deletes the participant, it is not found', async () => {
    const conversationId = await createConversation(tenant);
    const id = await createParticipant(tenant);
    const adding = () => ensure(tenant, { conversationId, participant: { user: { id } } });
    expect(problemOf(await during('delete from participant where id = $1', id, adding))).toEqual({
      code: 'PARTICIPANT_NOT_FOUND',
      status: 404,
    });
  });
});
