import type { TenantDatabase } from '../../database/database.ts';
import { boundedRows, maxRows } from '../../database/loaders.ts';
import { orderByParticipant } from '../../database/names.ts';
import { rows, type Selected } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { integer, text } from '../../database/sql/types.ts';
import { narrowest, oncePer, oncePerShape } from '../../database/statement.ts';
import { ResultLimit } from '../../errors/catalogue.ts';
import {
  asListed,
  type ListedParticipant,
  type ParticipantParts,
  participantAlone,
  participantRow,
  wholeParticipant,
} from './queries.ts';

// The parts of at most so many participants are read with them. In a longer list they are read by their loaders, which
// have bounds.
const maxBatchSize = 500;

const withNothing = oncePer(({ own }: ParticipantParts): ParticipantParts => ({ ...participantAlone, own }));
const agentId = parameter('agentId', text);
const byName = orderByParticipant('p');

/**
 * The statements of the whole list, in the order of names: of the tenant, and of one agent. They read one participant
 * more than `max`.
 */
export const listing = <Row>(row: Selected<Row>, max: number) =>
  statement(
    row,
  )`select ${row} from participant p where p.tenant_id = ${tenant} order by ${byName}, p.id limit ${max + 1}`;
export const listingOfAgent = <Row>(row: Selected<Row>, max: number) => statement(row)`
    select ${row} from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
    where b.tenant_id = ${tenant} and b.agent_id = ${agentId} order by ${byName}, p.id limit ${max + 1}`;
const narrowListing = oncePerShape(String, (parts: ParticipantParts, max: number) =>
  narrowest(listing(participantRow(parts), max), () => listing(participantRow(wholeParticipant(parts)), max)),
);
const narrowListingOfAgent = oncePerShape(String, (parts: ParticipantParts, max: number) =>
  narrowest(listingOfAgent(participantRow(parts), max), () =>
    listingOfAgent(participantRow(wholeParticipant(parts)), max),
  ),
);

const max = parameter('max', integer);
const counted = statement(rows({ count: integer }))`
  select count(*)::int as count from (select from participant p where p.tenant_id = ${tenant} limit ${max}) p`;
const countedOfAgent = statement(rows({ count: integer }))`
  select count(*)::int as count from (select from binding b where b.tenant_id = ${tenant} and b.agent_id = ${agentId} limit ${max}) b`;

/**
 * Returns every participant of the tenant, or of one agent, in the order of their names. Throws RESULT_TOO_LARGE over
 * 10,000. `fit` is how many the result has room for: a long list of more is not read, and throws ResultLimit.
 */
export async function listParticipants(
  db: TenantDatabase,
  agentId: string | null,
  parts: ParticipantParts,
  fit = maxRows,
): Promise<ListedParticipant[]> {
  const read = (what: ParticipantParts, max: number) =>
    agentId === null ? db.query(narrowListing(what, max)) : db.query(narrowListingOfAgent(what, max), { agentId });
  // A short list is read at once. Of a long one only a beginning is read to detect that, and the whole list waits for
  // its turn.
  const listed = await read(parts, maxBatchSize);
  if (listed.length <= maxBatchSize) {
    asListed(listed);
    return listed;
  }
  if (fit < maxRows && (await countUpTo(db, agentId, fit + 1)) > fit) throw new ResultLimit();
  const all = await db.longRead(() => read(withNothing(parts), maxRows));
  return boundedRows(all, 'participants: use participantsConnection');
}

/** Counts the participants of the tenant or of one agent, and stops at `max`. */
async function countUpTo(db: TenantDatabase, agentId: string | null, max: number): Promise<number> {
  const [row] = agentId === null ? await db.query(counted, { max }) : await db.query(countedOfAgent, { agentId, max });
  return row?.count ?? 0;
}
