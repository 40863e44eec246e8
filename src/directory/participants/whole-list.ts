import type { TenantDatabase } from '../../database/database.ts';
import { boundedRows, mostRows } from '../../database/loaders.ts';
import { orderByParticipant } from '../../database/names.ts';
import { rows, type Selected } from '../../database/sql/columns.ts';
import { none, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { integer, text } from '../../database/sql/types.ts';
import { narrowest, oncePer } from '../../database/statement.ts';
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
const mostTogether = 500;

const withNothing = oncePer(({ own }: ParticipantParts): ParticipantParts => ({ ...participantAlone, own }));
const agentId = parameter('agentId', text);
const byName = orderByParticipant('p');

const most = parameter('most', integer);
const everybody = sql`participant p where p.tenant_id = ${tenant}`;
const bound = sql`binding b where b.tenant_id = ${tenant} and b.agent_id = ${agentId}`;

/**
 * The statements of the whole list, in the order of names: of the tenant, and of one agent. They read one participant
 * more than `most`. `condition` comes after an ` and `.
 */
export const listing = <Row>(row: Selected<Row>, most: number, condition: typeof ifShort | typeof none = none) =>
  statement(
    row,
  )`select ${row} from participant p where p.tenant_id = ${tenant}${condition} order by ${byName}, p.id limit ${most + 1}`;
export const listingOfAgent = <Row>(
  row: Selected<Row>,
  most: number,
  condition: typeof ifShortOfAgent | typeof none = none,
) => statement(row)`
    select ${row} from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
    where b.tenant_id = ${tenant} and b.agent_id = ${agentId}${condition} order by ${byName}, p.id limit ${most + 1}`;

// Nothing is read of a longer list: 500 participants can have megabytes of parts.
const ifShort = sql` and (select count(*) from (select from ${everybody} limit ${mostTogether + 1}) l) <= ${mostTogether}`;
const ifShortOfAgent = sql` and (select count(*) from (select from ${bound} limit ${mostTogether + 1}) l) <= ${mostTogether}`;

const narrowed = <Narrow extends { readonly name: string }>(of: (row: Selected<ListedParticipant>) => Narrow) =>
  oncePer((parts: ParticipantParts) =>
    narrowest(of(participantRow(parts)), () => of(participantRow(wholeParticipant(parts)))),
  );
const short = narrowed((row) => listing(row, mostTogether, ifShort));
const shortOfAgent = narrowed((row) => listingOfAgent(row, mostTogether, ifShortOfAgent));
const long = narrowed((row) => listing(row, mostRows));
const longOfAgent = narrowed((row) => listingOfAgent(row, mostRows));

const count = rows({ count: integer });
const counted = statement(count)`select count(*)::int as count from (select from ${everybody} limit ${most}) l`;
const countedOfAgent = statement(count)`select count(*)::int as count from (select from ${bound} limit ${most}) l`;

/**
 * Returns every participant of the tenant, or of one agent, in the order of their names. Throws RESULT_TOO_LARGE over
 * 10,000. `fit` is how many the result has room for: a long list of more is not read, and throws ResultLimit.
 */
export async function listParticipants(
  db: TenantDatabase,
  agentId: string | null,
  parts: ParticipantParts,
  fit = mostRows,
): Promise<ListedParticipant[]> {
  // A short list is read at once. A long one is counted, and waits for its turn.
  const listed = agentId === null ? await db.query(short(parts)) : await db.query(shortOfAgent(parts), { agentId });
  if (listed.length > 0) {
    asListed(listed);
    return listed;
  }
  const length = await countUpTo(db, agentId, Math.min(fit, mostRows) + 1);
  if (length === 0) return [];
  if (fit < mostRows && length > fit) throw new ResultLimit();
  const own = withNothing(parts);
  const all = await db.longRead(() =>
    agentId === null ? db.query(long(own)) : db.query(longOfAgent(own), { agentId }),
  );
  return boundedRows(all, 'participants: use participantsConnection');
}

/** Counts the participants of the tenant or of one agent, and stops at `most`. */
async function countUpTo(db: TenantDatabase, agentId: string | null, most: number): Promise<number> {
  const [row] =
    agentId === null ? await db.query(counted, { most }) : await db.query(countedOfAgent, { agentId, most });
  return row?.count ?? 0;
}
