import type { Value } from '../../database/connection.ts';
import type { TenantDatabase } from '../../database/database.ts';
import type { Channel, Participant, ParticipantKind } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { boundedRows, type Loader, mostRows, oneByUuid } from '../../database/loaders.ts';
import { nameOrder, orderByName } from '../../database/names.ts';
import {
  connectionOf,
  countOf,
  firstOf,
  mostCounted,
  type PageArguments,
  pageOf,
  totalOf,
} from '../../database/pages.ts';
import {
  columns,
  type Fields,
  narrowStatement,
  oncePer,
  parseTimestamps,
  tenantStatement,
} from '../../database/statement.ts';
import { emailKey } from '../../values/email-address.ts';
import { channelsOf } from '../channels/channels.ts';
import { type HealthCondition, reachableCondition, reasonCondition, type UnreachableReason } from './health.ts';

/**
 * What to read of participants, themselves and together with them in the same statement; null for all of it. Who reads less than all
 * must ask for nothing else of the rows.
 */
export type ParticipantParts = { own: Fields; channels: { own: Fields } | null; agentIds: boolean };

/** A participant as it was read: what was not among the parts is not there. */
export type ListedParticipant = Participant & { channels?: Channel[]; agentIds?: string[] };

/** A participant with all of its own, and nothing together with it. */
export const participantAlone: ParticipantParts = { own: null, channels: null, agentIds: false };

/** The same parts, each of them with all that it has. */
export const wholeParticipant = oncePer(
  ({ channels, agentIds }: ParticipantParts): ParticipantParts => ({
    own: null,
    channels: channels && { own: null },
    agentIds,
  }),
);
const withNothing = oncePer(({ own }: ParticipantParts): ParticipantParts => ({ ...participantAlone, own }));

// Together with each participant, so many are read at the most; whoever has more has them read by their loader, which bounds them.
const mostChannels = 20;
const mostAgentIds = 50;

/** The select list of a participant, `p`, with what is to be read together with it, and one more of that than there may be. */
export const participantRow = oncePer(({ own, channels, agentIds }: ParticipantParts) =>
  [
    columns('Participant', 'p', own),
    ...(channels
      ? [
          `(select coalesce(json_agg(c), '[]') from (${channelsOf('p', channels.own)} limit ${mostChannels + 1}) c) as channels`,
        ]
      : []),
    ...(agentIds
      ? [
          `(select coalesce(json_agg(o.agent_id), '[]') from (
       select o.agent_id from binding o where o.tenant_id = p.tenant_id and o.participant_id = p.id
       order by o.agent_id limit ${mostAgentIds + 1}) o) as "agentIds"`,
        ]
      : []),
  ].join(', '),
);

/** What was read together with participants as it should be: moments are such, and what is too much is left to its loader. */
export function asListed(rows: readonly ListedParticipant[]): void {
  for (const participant of rows) {
    const { channels, agentIds } = participant;
    if (channels && channels.length > mostChannels) delete participant.channels;
    else if (channels) parseTimestamps(channels);
    if (agentIds && agentIds.length > mostAgentIds) delete participant.agentIds;
  }
}

const loaders = new Map<string, Loader<string, ListedParticipant | null>>();

/** Participants by their ids, with these parts. */
export const participantWith = oncePer((parts: ParticipantParts): Loader<string, ListedParticipant | null> => {
  const text = (read: ParticipantParts) =>
    `select ${participantRow(read)} from participant p where p.tenant_id = $1 and p.id = any($2::uuid[])`;
  const statement = narrowStatement<ListedParticipant>(text(parts), () => text(wholeParticipant(parts)), 'batchedRead');
  // The same for the same statement: what asks for the same parts in several places of an operation is loaded at once.
  const known = loaders.get(statement.name);
  if (known) return known;
  const { load } = oneByUuid(statement, 'id');
  const loader: Loader<string, ListedParticipant | null> = {
    async load(database, ids) {
      const rows = await load(database, ids);
      asListed(rows.filter((row) => row !== null));
      return rows;
    },
  };
  loaders.set(statement.name, loader);
  return loader;
});

/** Participants by their ids, with all of their own. */
export const participantById: Loader<string, Participant | null> = participantWith(participantAlone);

// Together with everything, so many participants are read at the most; a longer list's parts are read by their loaders, which bound them.
const mostTogether = 500;

const byName = orderByName('p.display_name');

const listing = (agent: boolean, parts: ParticipantParts, most: number) => {
  const from = agent
    ? 'binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id where b.tenant_id = $1 and b.agent_id = $2'
    : 'participant p where p.tenant_id = $1';
  return `select ${participantRow(parts)} from ${from} order by ${byName}, p.id limit ${most + 1}`;
};
/** Every participant of the tenant, or of one agent, in the order of their names. Throws RESULT_TOO_LARGE over 10,000. */
export async function listParticipants(
  db: TenantDatabase,
  agentId: string | null,
  parts: ParticipantParts,
): Promise<ListedParticipant[]> {
  const read = (what: ParticipantParts, most: number) => {
    const text = (each: ParticipantParts) => listing(agentId !== null, each, most);
    const statement = narrowStatement<ListedParticipant>(text(what), () => text(wholeParticipant(what)));
    return agentId === null ? db.query(statement) : db.query(statement, agentId);
  };
  // Few are read at once. Of many a start is read only to know that they are many: the whole list waits for its turn.
  const rows = await read(parts, mostTogether);
  if (rows.length <= mostTogether) {
    asListed(rows);
    return rows;
  }
  const all = await db.longRead(() => read(withNothing(parts), mostRows));
  return boundedRows(all, 'participants: use participantsConnection');
}

/** What a page of participants may be narrowed to; each that is given must hold. */
export type ParticipantFilter = {
  agentId?: string | null | undefined;
  kind?: ParticipantKind | null | undefined;
  disabled?: boolean | null | undefined;
  email?: string | null | undefined;
  reachable?: boolean | null | undefined;
  reason?: UnreachableReason | null | undefined;
};

/** One page of the tenant's participants, in the order of their names. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfParticipants(
  db: TenantDatabase,
  filter: ParticipantFilter,
  args: PageArguments,
  parts: ParticipantParts,
) {
  const page = pageOf(args, 2, ([, id]) => asUuid(id ?? '') !== null);
  const values: Value[] = [];
  const bind = (value: Value) => `$${values.push(value) + 1}`;

  const where = ['p.tenant_id = $1'];
  if (filter.agentId != null) {
    where.push(
      `exists (select from binding b where b.tenant_id = p.tenant_id and b.participant_id = p.id and b.agent_id = ${bind(filter.agentId)})`,
    );
  }
  if (filter.kind != null) where.push(`p.kind = ${bind(filter.kind)}::"ParticipantKind"`);
  if (filter.disabled != null) where.push(`p.disabled_at is ${filter.disabled ? 'not ' : ''}null`);
  if (filter.email != null) {
    const email = bind(emailKey(filter.email) ?? filter.email);
    where.push(`md5(lower(p.email)) = md5(lower(${email})) and lower(p.email) = lower(${email})`);
  }
  const exact: string[] = [];
  for (const condition of healthConditions(filter)) {
    if (condition.cheap) where.push(condition.cheap);
    if (condition.exact) exact.push(condition.exact);
  }
  const counted = [...where];
  const countedValues = [...values];
  for (const [sign, keys] of [
    ['>', page.after],
    ['<', page.before],
  ] as const) {
    if (!keys) continue;
    const name = bind(keys[0] ?? '');
    where.push(`(${byName}, p.id) ${sign} (${orderByName(`${name}::text`)}, ${bind(keys[1] ?? '')}::uuid)`);
  }
  const keysOfOrder = [...nameOrder('p.display_name'), 'p.id'];
  const order = `order by ${keysOfOrder.map((key) => (page.backward ? `${key} desc` : key)).join(', ')}`;
  // The planner doesn't take the inner query apart for its order: what is costly to find out is found out of few, and in that
  // order, until the page is full (docs/decisions/0007-health-as-a-filter.md).
  const found = (conditions: string[], then: string) =>
    exact.length === 0
      ? `participant p where ${conditions.join(' and ')}`
      : `(select p.* from participant p where ${conditions.join(' and ')} ${then}) p where ${exact.join(' and ')}`;
  const source = found(where, order);
  const size = bind(page.size + 1);
  const select = (read: ParticipantParts) => firstOf(`select ${participantRow(read)} from ${source} ${order}`, size);
  const statement = narrowStatement<ListedParticipant>(select(parts), () => select(wholeParticipant(parts)));
  // What has to be found out of each row can take a second, of many rows.
  const read = exact.length === 0 ? db.query : db.slowQuery;
  const rows = await read(statement, ...values);
  asListed(rows);

  return connectionOf(
    page,
    rows,
    ({ displayName, id }) => [displayName, id],
    async () => {
      const [counts] = await read(tenantStatement<Counts>(countOfFound(counted, exact)), ...countedValues);
      const { count = 0, looked = 0 } = counts ?? {};
      // Of a list that was not looked through the end is not known.
      return looked > mostLookedAt && count <= mostCounted
        ? { totalCount: null, totalCountAtLeast: count }
        : totalOf(count);
    },
  );
}

type Counts = { count: number; looked: number };

// So many participants are looked at to find out how many of them have what is costly to find out, some 9 µs each.
const mostLookedAt = 100_000;

/** The statement that counts participants, and how many it looked at where it may not look at all. */
function countOfFound(conditions: readonly string[], exact: readonly string[]): string {
  const candidates = `participant p where ${conditions.join(' and ')}`;
  if (exact.length === 0) return `select c.count, 0 as looked from (${countOf(candidates)}) c`;
  const some = `from ${candidates} limit ${mostLookedAt + 1}`;
  const found = countOf(`(select p.* ${some}) p where ${exact.join(' and ')}`);
  return `select c.count, case when c.count > ${mostCounted} then 0 else (select count(*)::int from (select ${some}) l) end as looked
   from (${found}) c`;
}

const healthConditions = ({ reachable, reason }: ParticipantFilter): HealthCondition[] => [
  ...(reachable == null ? [] : [reachableCondition(reachable)]),
  ...(reason == null ? [] : [reasonCondition(reason)]),
];
