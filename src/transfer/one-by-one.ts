import { createHash } from 'node:crypto';
import { closeConversation } from '../conversations/conversations.ts';
import { createConversation, type NewConversation } from '../conversations/create.ts';
import { updateConversation } from '../conversations/update.ts';
import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import {
  createParticipant,
  type NewParticipant,
  setDisabled,
  updateParticipant,
} from '../directory/participants/participants.ts';
import { Problem } from '../errors/catalogue.ts';
import { type Given, noOutcome, type Outcome, type Writing } from './outcome.ts';

const participantKnown = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('id', uuid)}`;
const conversationKnown = statement(rows({ id: uuid }))`
  select c.id from conversation c where c.tenant_id = ${tenant} and c.id = ${parameter('id', uuid)}`;

/** The id of a row that names none: the same for the same row, so that a file that comes twice adds nothing. */
function idOf({ fields }: Given, tenantId: string): string {
  const own = typeof fields['id'] === 'string' ? asUuid(fields['id']) : null;
  if (own) return own;
  const text = JSON.stringify(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)));
  const hex = createHash('sha256').update(`${tenantId} ${text}`).digest('hex');
  // Version 8 is for ids of one's own making.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

type Kind = {
  isKnown(db: TenantDatabase, id: string): Promise<boolean>;
  create(db: TenantDatabase, id: string, fields: Given['fields']): Promise<unknown>;
  update(db: TenantDatabase, id: string, fields: Given['fields']): Promise<unknown>;
};

const participants = (hooks: ParticipantHooks): Kind => ({
  isKnown: async (db, id) => (await db.query(participantKnown, { id })).length > 0,
  async create(db, id, { id: _, disabledAt, ...fields }) {
    await createParticipant(db, { kind: 'PERSON', ...fields } as NewParticipant, hooks, id);
    if (disabledAt != null) await setDisabled(db, { participantId: id }, true);
  },
  update: (db, id, { id: _, kind, disabledAt, ...fields }) =>
    updateParticipant(db, { participantId: id, ...fields }, hooks),
});

const conversations: Kind = {
  isKnown: async (db, id) => (await db.query(conversationKnown, { id })).length > 0,
  async create(db, id, { id: _, status, ...fields }) {
    await createConversation(db, fields as NewConversation, id);
    if (status === 'CLOSED') await closeConversation(db, { conversationId: id });
  },
  update: (db, id, { id: _, status, participants, ...fields }) =>
    updateConversation(db, { conversationId: id, ...fields }),
};

/** The rules' words about a row, and the field that they are about. */
function reasonOf(problem: Problem): { field: string | null; reason: string } {
  const [first] = problem.errors ?? [];
  const [, ...path] = first?.path[0] === 'input' ? first.path : ['', ...(first?.path ?? [])];
  return { field: path.join('.') || null, reason: first?.message ?? problem.message };
}

const passing = new Set(['UNAVAILABLE', 'INTERNAL']);

/**
 * Writes a batch of participants or conversations by their rules, each in a transaction of its own. What a crash leaves
 * done is found again by its id.
 */
export async function writeOneByOne(
  db: TenantDatabase,
  kind: 'PARTICIPANTS' | 'CONVERSATIONS',
  batch: readonly Given[],
  { onConflict, isDryRun }: Writing,
  hooks: ParticipantHooks,
): Promise<Outcome> {
  const rule = kind === 'PARTICIPANTS' ? participants(hooks) : conversations;
  const outcome = noOutcome();
  for (const row of batch) {
    const id = idOf(row, db.tenantId);
    try {
      const isKnown = await rule.isKnown(db, id);
      if (isKnown && onConflict === 'FAIL')
        outcome.rejected.push({ line: row.line, field: 'id', reason: 'exists already' });
      else if (isKnown && onConflict === 'SKIP') outcome.unchanged += 1;
      else if (isKnown) {
        if (!isDryRun) await rule.update(db, id, row.fields);
        outcome.updated += 1;
      } else {
        if (!isDryRun) await rule.create(db, id, row.fields);
        outcome.created += 1;
      }
    } catch (error) {
      if (!(error instanceof Problem) || passing.has(error.code)) throw error;
      outcome.rejected.push({ line: row.line, ...reasonOf(error) });
    }
  }
  return outcome;
}
