import { countOf, firstOf, type PageValues, pageValues, shapeOfPage } from '../../database/keyset.ts';
import { type Loader, readByGroups } from '../../database/loaders.ts';
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
const maxAgents = 100;

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
        order by k.id, page.place` as Statement<Taken & PageValues, OfAgent>;
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

// Parts are made once for each place in a document.
const numbers = new WeakMap<ParticipantParts, number>();
let places = 0;
function placeOf(parts: ParticipantParts): number {
  const known = numbers.get(parts) ?? ++places;
  numbers.set(parts, known);
  return known;
}

const parent = ({ agentId }: Counted) => agentId;
type OfAgent = ListedParticipant & { ofAgent: string };
const parentOf = ({ ofAgent }: { ofAgent: string }) => ofAgent;

const samePage = ({ filter, page, parts }: Wanted) => `${placeOf(parts)} ${JSON.stringify([filter, page])}`;
const pages: Loader<Wanted, ListedParticipant[]> = {
  maxBatchSize: maxAgents,
  identity: (key) => `${samePage(key)} ${key.agentId}`,
  load: (db, keys) =>
    readByGroups<Wanted, OfAgent>(
      keys,
      { group: samePage, parent, parentOf },
      async ({ filter, page, parts }, agentIds) => {
        const { shape, values } = filtered({ ...filter, agentId: '' });
        const found = await db.query(pageStatement(parts, shape, page), {
          ...values,
          ...pageValues(page),
          keys: agentIds,
        });
        asListed(found);
        return found;
      },
    ),
};

const sameCount = ({ filter }: Counted) => JSON.stringify(filter);
const totals: Loader<Counted, Total> = {
  maxBatchSize: maxAgents,
  identity: (key) => `${sameCount(key)} ${key.agentId}`,
  async load(db, keys) {
    const found = await readByGroups(keys, { group: sameCount, parent, parentOf }, ({ filter }, agentIds) => {
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
