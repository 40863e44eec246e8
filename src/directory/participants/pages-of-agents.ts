import { countOf, firstOf, type PageValues, pageValues, shapeOfPage } from '../../database/keyset.ts';
import type { Loader } from '../../database/loaders.ts';
import { connectionOf, type Page, type PageArguments, type Total, totalOf } from '../../database/pages.ts';
import { rows } from '../../database/sql/columns.ts';
import { eachKey, type Keys, sql } from '../../database/sql/fragment.ts';
import { type Statement, statement } from '../../database/sql/statement.ts';
import { assured, integer, text } from '../../database/sql/types.ts';
import { narrowest, oncePerShape } from '../../database/statement.ts';
import {
  asListed,
  candidates,
  type FilterShape,
  filtered,
  keysOfParticipant,
  type ListedParticipant,
  type ParticipantFilter,
  type ParticipantParts,
  pageOfParticipants,
  participantOrder,
  participantRow,
  wholeParticipant,
} from './queries.ts';

/** A page of an agent's contacts. */
type Wanted = { agentId: string; filter: ParticipantFilter; page: Page; parts: ParticipantParts };
type Counted = Pick<Wanted, 'agentId' | 'filter'>;
type Taken = {
  readonly tenantId: string;
  readonly kind: string | null;
  readonly email: string | null;
  readonly provider: string | null;
} & Keys;

// A statement reads 10,100 rows at the most.
const mostAgents = 100;

const pageStatement = oncePerShape(
  (shape: FilterShape, page: Page) => `${JSON.stringify(shape)} ${shapeOfPage(page)}`,
  (parts: ParticipantParts, shape: FilterShape, page: Page) => {
    const order = participantOrder.order(page);
    const reading = (what: ParticipantParts) => {
      const row = participantRow(what);
      const ordered = sql`select ${row}, (row_number() over (order by ${order}))::int as place
        from ${candidates(shape, sql`k.id`)}${participantOrder.within(page)} order by ${order}`;
      return statement(rows({ ofAgent: assured(text), place: integer }, row))`
        select k.id as "ofAgent", page.* from ${eachKey(text)} k(id) cross join lateral (${firstOf(ordered)}) page
        order by k.id, page.place` as Statement<Taken & PageValues, ListedParticipant & { ofAgent: string }>;
    };
    return narrowest(reading(parts), () => reading(wholeParticipant(parts)));
  },
);

const countStatement = oncePerShape(
  (shape: FilterShape) => JSON.stringify(shape),
  (_: object, shape: FilterShape) =>
    statement(rows({ ofAgent: assured(text), count: integer }))`
      select k.id as "ofAgent", c.count from ${eachKey(text)} k(id)
      cross join lateral (${countOf(candidates(shape, sql`k.id`))}) c` as Statement<
      Taken,
      { ofAgent: string; count: number }
    >,
);

/** Loads what each of some agents has, in one statement for those that ask for the same. */
async function byAgent<Key extends { agentId: string }, Found extends { ofAgent: string }>(
  keys: readonly Key[],
  sameAs: (key: Key) => string,
  read: (key: Key, agentIds: string[]) => Promise<Found[]>,
): Promise<Found[][]> {
  const groups = new Map<string, { key: Key; agentIds: string[] }>();
  for (const key of keys) {
    const group = groups.get(sameAs(key));
    if (group) group.agentIds.push(key.agentId);
    else groups.set(sameAs(key), { key, agentIds: [key.agentId] });
  }
  const found = new Map<string, Found[]>();
  await Promise.all(
    [...groups].map(async ([name, { key, agentIds }]) => {
      for (const row of await read(key, agentIds)) {
        const list = found.get(`${name} ${row.ofAgent}`);
        if (list) list.push(row);
        else found.set(`${name} ${row.ofAgent}`, [row]);
      }
    }),
  );
  return keys.map((key) => found.get(`${sameAs(key)} ${key.agentId}`) ?? []);
}

// Parts are made once for each place in a document.
const numbers = new WeakMap<ParticipantParts, number>();
let places = 0;
function placeOf(parts: ParticipantParts): number {
  const known = numbers.get(parts) ?? ++places;
  numbers.set(parts, known);
  return known;
}

const samePage = ({ filter, page, parts }: Wanted) => `${placeOf(parts)} ${JSON.stringify([filter, page])}`;
const sameCount = ({ filter }: Counted) => JSON.stringify(filter);

const pages: Loader<Wanted, ListedParticipant[]> = {
  most: mostAgents,
  identity: (key) => `${samePage(key)} ${key.agentId}`,
  load: (db, keys) =>
    byAgent(keys, samePage, async ({ filter, page, parts }, agentIds) => {
      const { shape, values } = filtered({ ...filter, agentId: '' });
      const found = await db.query(pageStatement(parts, shape, page), {
        ...values,
        ...pageValues(page),
        keys: agentIds,
      });
      asListed(found);
      return found;
    }),
};

const totals: Loader<Counted, Total> = {
  most: mostAgents,
  identity: (key) => `${sameCount(key)} ${key.agentId}`,
  async load(db, keys) {
    const found = await byAgent(keys, sameCount, ({ filter }, agentIds) => {
      const { shape, values } = filtered({ ...filter, agentId: '' });
      return db.query(countStatement(countStatement, shape), { ...values, keys: agentIds });
    });
    return found.map(([row]) => totalOf(row?.count ?? 0));
  },
};

/** Where pages are loaded from: a context of the graph. */
type Loading = {
  load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded>;
  db: Parameters<typeof pageOfParticipants>[0];
};

/**
 * Returns a page of an agent's contacts: those of many agents in one statement, unless the filter examines every row.
 * Throws VALIDATION_FAILED for invalid page arguments.
 */
export async function pageOfContacts(
  { load, db }: Loading,
  agentId: string,
  filter: ParticipantFilter,
  args: PageArguments,
  parts: ParticipantParts,
) {
  if (filter.reachable != null || filter.reason != null || filter.query != null)
    return pageOfParticipants(db, { ...filter, agentId }, args, parts);
  const page = participantOrder.page(args);
  return connectionOf(page, await load(pages, { agentId, filter, page, parts }), keysOfParticipant, () =>
    load(totals, { agentId, filter }),
  );
}
