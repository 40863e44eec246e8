import type { TenantDatabase } from '../../database/database.ts';
import type { Channel, Participant, ParticipantKind } from '../../database/generated/client.ts';
import { countOf, keyset, pagesOf } from '../../database/keyset.ts';
import { type Loader, oneByUuid } from '../../database/loaders.ts';
import { participantNameKey } from '../../database/names.ts';
import { countBound, type PageArguments } from '../../database/pages.ts';
import { following } from '../../database/redirects.ts';
import { type Hit, hitColumns, hits, keysOfHit, searchOrder } from '../../database/search.ts';
import type { SearchShape } from '../../database/search-matches.ts';
import { columns, combined, type Fields, rows, type Selected } from '../../database/sql/columns.ts';
import { anyKey, type Fragment, join, none, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { sameEmail } from '../../database/sql/same-email.ts';
import { batchedRead } from '../../database/sql/statement.ts';
import { enumeration, json, nullable, text, uuid } from '../../database/sql/types.ts';
import { narrowest, oncePer, parseTimestamps } from '../../database/statement.ts';
import { emailKey } from '../../values/email-address.ts';
import { searchOf } from '../../values/search-query.ts';
import { channelsOf } from '../channels/channels.ts';
import { type HealthCondition, reachableCondition, reasonCondition, type UnreachableReason } from './health.ts';

/**
 * What to read of participants and their parts in one statement. Null for all of it. A caller that reads less must use
 * nothing else of the rows.
 */
export type ParticipantParts = { own: Fields; channels: { own: Fields } | null; agentIds: boolean };

/** A participant as it was read. Parts that were not asked for are missing. */
export type ListedParticipant = Participant & { channels?: Channel[]; agentIds?: string[] };

/** A participant with all of its columns and no parts. */
export const participantAlone: ParticipantParts = { own: null, channels: null, agentIds: false };

/** The same parts, each with all of its columns. */
export const wholeParticipant = oncePer(
  ({ channels, agentIds }: ParticipantParts): ParticipantParts => ({
    own: null,
    channels: channels && { own: null },
    agentIds,
  }),
);

// One statement reads at most so many parts of each participant. A participant with more leaves them to their loader,
// which has a bound.
const maxChannels = 20;
const maxAgentIds = 50;

/** The select list of a participant, `p`, with its parts. It reads one part more than the bound. */
export const participantRow = oncePer(({ own, channels, agentIds }: ParticipantParts): Selected<ListedParticipant> => {
  const list: Fragment[] = [columns('Participant', 'p', own)];
  let read = columns('Participant', 'p', own) as Pick<Selected<ListedParticipant>, 'columns'>;
  if (channels) {
    list.push(
      sql`(select coalesce(json_agg(c), '[]') from (${channelsOf('p', channels.own)} limit ${maxChannels + 1}) c) as channels`,
    );
    read = rows({ channels: json<Channel[]>() }, read);
  }
  if (agentIds) {
    list.push(sql`(select coalesce(json_agg(o.agent_id), '[]') from (
       select o.agent_id from binding o where o.tenant_id = p.tenant_id and o.participant_id = p.id
       order by o.agent_id limit ${maxAgentIds + 1}) o) as "agentIds"`);
    read = rows({ agentIds: json<string[]>() }, read);
  }
  return { ...join(list, ', '), ...read };
});

/** Converts the parts of participants: timestamps become dates, and parts over the bound are left to their loader. */
export function asListed(rows: readonly ListedParticipant[]): void {
  for (const participant of rows) {
    const { channels, agentIds } = participant;
    if (channels && channels.length > maxChannels) delete participant.channels;
    else if (channels) parseTimestamps(channels);
    if (agentIds && agentIds.length > maxAgentIds) delete participant.agentIds;
  }
}

const loaders = new Map<string, Loader<string, ListedParticipant | null>>();

const byIds = (parts: ParticipantParts) => {
  const row = participantRow(parts);
  return batchedRead(row)`select ${row} from participant p where p.tenant_id = ${tenant} and p.id = ${anyKey(uuid)}`;
};

/** Participants by their ids, with these parts. An id that was merged away leads to the survivor. */
export const participantWith = oncePer((parts: ParticipantParts): Loader<string, ListedParticipant | null> => {
  const statement = narrowest(byIds(parts), () => byIds(wholeParticipant(parts)), 'batchedRead');
  // One loader per statement: the same parts in several places of an operation are loaded at once.
  const known = loaders.get(statement.name);
  if (known) return known;
  const { load } = oneByUuid(statement, 'id');
  const loader = following<ListedParticipant>('PARTICIPANT', {
    async load(database, ids) {
      const rows = await load(database, ids);
      asListed(rows.filter((row) => row !== null));
      return rows;
    },
  });
  loaders.set(statement.name, loader);
  return loader;
});

/** Participants by their ids, with all of their columns. */
export const participantById: Loader<string, Participant | null> = participantWith(participantAlone);

/** The filter of a page of participants. All given conditions must hold. */
export type ParticipantFilter = {
  agentId?: string | null | undefined;
  kind?: ParticipantKind | null | undefined;
  disabled?: boolean | null | undefined;
  email?: string | null | undefined;
  /** Of a channel. */
  provider?: string | null | undefined;
  reachable?: boolean | null | undefined;
  reason?: UnreachableReason | null | undefined;
  /** What a person typed, as database/search.ts has it. */
  query?: string | null | undefined;
};

/** The parts of a filter that make another statement: which conditions it has, and their values. */
export type FilterShape = {
  agentId: boolean;
  kind: boolean;
  email: boolean;
  provider: boolean;
  disabled: boolean | null;
  reachable: boolean | null;
  reason: UnreachableReason | null;
};

const agentId = parameter('agentId', nullable(text));
const kind = parameter('kind', nullable(enumeration<ParticipantKind>('ParticipantKind')));
const email = parameter('email', nullable(text));
const provider = parameter('provider', nullable(text));

const healthConditions = ({ reachable, reason }: FilterShape): HealthCondition[] => [
  ...(reachable === null ? [] : [reachableCondition(reachable)]),
  ...(reason === null ? [] : [reasonCondition(reason)]),
];

// How many participants a count examines for a condition that costs some 9 µs each.
const maxLookedAt = 100_000;

/**
 * The conditions of a filter, each after an ` and `: bound to that agent, if to one. Expensive ones are left to the
 * exact part.
 */
const cheapConditions = (shape: FilterShape, agent: Fragment<never>) => {
  const cheap = healthConditions(shape).flatMap((condition) => condition.cheap ?? []);
  return sql`${
    shape.agentId
      ? sql` and exists (select from binding b where b.tenant_id = p.tenant_id and b.participant_id = p.id and b.agent_id = ${agent as Fragment})`
      : none
  }${shape.kind ? sql` and p.kind = ${kind}` : none}${
    shape.disabled === null ? none : sql` and p.disabled_at is ${shape.disabled ? sql`not ` : none}null`
  }${shape.email ? sql` and ${sameEmail(sql`p.email`, email)}` : none}${
    shape.provider
      ? sql` and exists (select from channel o where o.tenant_id = p.tenant_id and o.participant_id = p.id and o.provider = lower(${provider}))`
      : none
  }${join(
    cheap.map((condition) => sql` and ${condition}`),
    ' ',
  )}`;
};
/** The participants that a filter may match. */
export const candidates = (shape: FilterShape, agent: Fragment<never> = agentId) =>
  sql`participant p where p.tenant_id = ${tenant}${cheapConditions(shape, agent)}`;
const exactConditions = (shape: FilterShape) => healthConditions(shape).flatMap((condition) => condition.exact ?? []);

/** The order of participants by their names. */
export const participantOrder = keyset([
  { column: 'p.display_name', type: 'name', nameKey: participantNameKey('p') },
  { column: 'p.id', type: 'uuid' },
]);

/** The keys of a participant in that order. */
export const keysOfParticipant = ({ displayName, id }: ListedParticipant): readonly string[] => [displayName, id];

const participantPages = pagesOf({
  keyset: participantOrder,
  keysOf: keysOfParticipant,
  select: participantRow,
  whole: wholeParticipant,
  from(shape: FilterShape, within, then) {
    const exact = exactConditions(shape);
    const found = sql`${candidates(shape)}${within}`;
    // The planner does not flatten the inner query because of its order. So expensive conditions are evaluated for few
    // rows, in that order, until the page is full (docs/decisions/0007-health-as-a-filter.md).
    return exact.length === 0 ? found : sql`(select p.* from ${found} ${then}) p where ${join(exact, ' and ')}`;
  },
  // What must be computed for each row can take a second for many rows.
  isSlow: (shape: FilterShape) => exactConditions(shape).length > 0,
  countLooked(shape: FilterShape) {
    const exact = exactConditions(shape);
    if (exact.length === 0) return null;
    const some = sql`from ${candidates(shape)} limit ${maxLookedAt + 1}`;
    const found = countOf(sql`(select p.* ${some}) p where ${join(exact, ' and ')}`);
    return sql`select c.count, c.count > ${countBound} or (select count(*) from (select ${some}) l) <= ${maxLookedAt} as "isWhole" from (${found}) c`;
  },
  read(rows: ListedParticipant[]) {
    asListed(rows);
    return rows;
  },
});

const searchedPages = pagesOf({
  keyset: searchOrder,
  keysOf: (row: ListedParticipant & Hit) => keysOfHit(row),
  select(parts: ParticipantParts): Selected<ListedParticipant & Hit> {
    const row = participantRow(parts);
    return { ...sql`${hitColumns.list}, ${row}`, ...combined(row, hitColumns.rows) };
  },
  whole: wholeParticipant,
  from(shape: FilterShape & { search: SearchShape }, within, then, page) {
    const where = sql`${cheapConditions(shape, agentId)}${join(
      exactConditions(shape).map((condition) => sql` and ${condition}`),
      ' ',
    )}`;
    const joined =
      where.nodes.length === 0 ? none : sql`join participant p on p.tenant_id = s.tenant_id and p.id = s.id`;
    const of = { texts: 'participant_search', joined, where, isNarrow: shape.agentId, hasOthers: true };
    return sql`${hits(of, shape.search, within, then, page)} join participant p on p.tenant_id = ${tenant} and p.id = hit.id`;
  },
  isSlow: (shape: FilterShape & { search: SearchShape }) => exactConditions(shape).length > 0,
  read(rows: (ListedParticipant & Hit)[]) {
    asListed(rows);
    return rows;
  },
});

/**
 * Returns a page of the tenant's participants in the order of their names, or, with a query, its matches in the order
 * of their ranks. Throws VALIDATION_FAILED for invalid page arguments and for a query that is too short or too long.
 */
export function pageOfParticipants(
  db: TenantDatabase,
  filter: ParticipantFilter,
  args: PageArguments,
  parts: ParticipantParts,
) {
  const { shape, values } = filtered(filter);
  if (filter.query == null) return participantPages(db, shape, values, args, parts);
  const search = searchOf(filter.query);
  return searchedPages(db, { ...shape, search: search.shape }, { ...values, ...search.values }, args, parts);
}

/** The shape of a filter, and the values of its conditions. */
export function filtered(filter: ParticipantFilter) {
  const { agentId = null, kind = null, provider = null, disabled = null, reachable = null, reason = null } = filter;
  const email = filter.email == null ? null : (emailKey(filter.email) ?? filter.email);
  const given = { agentId: agentId !== null, kind: kind !== null, email: email !== null, provider: provider !== null };
  return { shape: { ...given, disabled, reachable, reason }, values: { agentId, kind, email, provider } };
}
