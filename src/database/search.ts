import { keyset, type PageValues } from './keyset.ts';
import { nameOrder } from './names.ts';
import { largestPage, type Page } from './pages.ts';
import {
  begunOf,
  hasMatch,
  hasRank,
  isUnordered,
  rankOf,
  ranks,
  type SearchShape,
  type SearchValues,
  sourcesOf,
} from './search-matches.ts';
import { rows } from './sql/columns.ts';
import { type Fragment, join, name, none, parameter, sql, tenant } from './sql/fragment.ts';
import { bigint, integer, nullable, text, uuid } from './sql/types.ts';

/*
 * How lists are searched (docs/decisions/0040-finding.md). A searched table has a table of texts beside it, which
 * triggers keep: `name`, `name_key`, and `texts`, which has each searched text between line ends.
 */

/** How many rows, the oldest and the newest, say of a rank whether many rows have it, and how many of them must. */
const sampled = 500;
const many = 5;

/** How many rows are looked at in the order of names for those of a rank that many have. */
const walked = 20_000;

const size = parameter('size', bigint) as Fragment;
type Takes = SearchValues & { readonly tenantId: string } & Pick<PageValues, 'size'>;

/** A table that is searched. */
type Searched<Parameters> = {
  /** Its table of texts. */
  texts: string;
  /** The tables to join to the texts, `s`, and their conditions, each after an ` and `. */
  joined: Fragment;
  where: Fragment<Parameters>;
  /** Whether the conditions leave so few rows that all of them are looked at. */
  isNarrow: boolean;
  /** Whether rows have texts besides the name, which then have their indexes. */
  hasOthers: boolean;
};

const order = [...nameOrder(name('s.name'), sql`s.name_key`), sql`s.id`];
const lowest = [sql`''`, sql`''`, sql`'00000000-0000-0000-0000-000000000000'::uuid`] as const;
const highest = [sql`repeat(chr(1114111), 3)`, sql`''`, sql`'00000000-0000-0000-0000-000000000000'::uuid`] as const;

/** The conditions, each after an ` and `, that rows of one rank are between a page's cursors. */
function between(page: Page, rank: number): Fragment {
  const bound = (end: 'after' | 'before'): Fragment => {
    if (page[end] === null) return none;
    const isAfter = end === 'after';
    const itsRank = parameter(`${end}1`, nullable(integer)) as Fragment;
    const itsName = parameter(`${end}2`, nullable(text)) as Fragment;
    const keys = [sql`name_key(${itsName})`, itsName, parameter(`${end}3`, nullable(uuid)) as Fragment];
    const beyond = isAfter ? lowest : highest;
    // The order says by which collation they are compared.
    const bounds = keys.map(
      (its, at) => sql`case when ${itsRank} = ${rank} then ${its} else ${beyond[at] ?? none} end`,
    );
    const sign = isAfter ? sql`>` : sql`<`;
    return sql` and ${itsRank} ${isAfter ? sql`<=` : sql`>=`} ${rank} and (${join(order, ', ')}) ${sign} (${join(bounds, ', ')})`;
  };
  return sql`${bound('after')}${bound('before')}`;
}

/**
 * Selects `rank`, `name_key`, `name` and `id` of the matches that a page may have. The ranks are read one after the
 * other until the page is full, each in the order of names where an index gives it. Of another rank that many rows
 * have, rows are looked at in that order for a while. If they do not fill the page, all of the rank are sorted.
 */
function found<Parameters>(of: Searched<Parameters>, shape: SearchShape, page: Page): Fragment<Parameters & Takes> {
  const texts = sql`${name(of.texts)} s`;
  const ofTenant = sql`s.tenant_id = ${tenant}` as Fragment;
  const where = of.where as Fragment;
  const from = sql`${texts} ${of.joined} where ${ofTenant}${where}`;
  const place = sql`s.name_key, s.name, s.id`;
  if (of.isNarrow)
    return sql`select ${rankOf(shape)} as rank, ${place} from ${from} and ${hasMatch(shape)}` as Fragment<
      Parameters & Takes
    >;

  const inOrder = inDirection(page);
  // The inner limit is for the planner, as that of every page (keyset.ts).
  const first = (rows: Fragment) =>
    sql`select * from (${rows} order by ${inOrder} limit ${largestPage + 1}) s limit ${size}`;
  const sorted = (rows: Fragment) => sql`select * from (${rows} offset 0) s order by ${inOrder} limit ${size}`;

  const begun = of.hasOthers ? [begunOf(texts, ofTenant)] : [];
  const parts: Fragment[] = [...begun, sampleOf(texts, ofTenant, shape, of.hasOthers)];
  const counts: Fragment[] = [];
  const names: Fragment[] = [];
  const tiers = Object.values(ranks).map((rank) => ({ rank, sources: sourcesOf(shape, rank, of.hasOthers) }));
  if (page.backward) tiers.reverse();
  for (const { rank, sources } of tiers) {
    if (sources.length === 0) continue;
    const [tier, walk] = [name(`rank_${rank}`), name(`walk_${rank}`)];
    const isOrdered = sources.every(({ gives }) => gives === 'names');
    const walks = !isOrdered && rank !== ranks.whole;
    const count = (of: Fragment) => sql`(select count(*) from ${of})`;
    const lacks = (before: readonly Fragment[]) =>
      before.length === 0 ? sql`true` : sql`${join(before, ' + ')} < ${size}`;
    const selected = sql`select ${rank} as rank, ${place}`;
    const bounds = between(page, rank);
    const conditions = sql`${hasRank(shape, rank)}${bounds}`;
    if (walks) {
      const isMany = sql`case when ${lacks(counts)} then (select ${name(`rank_${rank}`)} from sample) >= ${many} else false end`;
      const looked = sql`select s.* from ${texts} where ${ofTenant}${bounds} and ${isMany} order by ${inOrder} limit ${walked}`;
      const matching = sql`${selected} from (${looked}) s ${of.joined} where true${where} and ${hasRank(shape, rank)}`;
      parts.push(sql`${walk} as materialized (${first(matching)})`);
      names.push(walk);
    }
    const isWanted = lacks(walks ? [...counts, count(walk)] : counts);
    const each = sources.map((source) => {
      const rows = sql`${selected} from ${from} and ${source.condition} and ${conditions} and ${isWanted}`;
      if (source.gives === 'no order') return sql`(${sorted(rows)})`;
      if (source.gives === 'names') return sql`(${first(rows)})`;
      return sql`(select s.* from begun cross join lateral (${first(rows)}) s where ${isWanted})`;
    });
    // A row may be in several sources.
    const all =
      each.length === 1 ? each[0] : sql`select * from (${join(each, ' union ')}) s order by ${inOrder} limit ${size}`;
    parts.push(sql`${tier} as materialized (${all ?? none})`);
    names.push(tier);
    counts.push(walks ? sql`greatest(${count(walk)}, ${count(tier)})` : count(tier));
  }
  return sql`with ${join(parts, ', ')} ${join(
    names.map((each) => sql`select * from ${each}`),
    ' union ',
  )}` as Fragment<Parameters & Takes>;
}

/** What to order rows by for a page. */
const inDirection = ({ backward }: Page): Fragment =>
  join(
    order.map((column) => sql`${column}${backward ? sql` desc` : none}`),
    ', ',
  );

/**
 * `sample`: how many of some rows have each rank that an index does not give in order. The rows are the first and the
 * last by their ids, which are in the order of time: nothing that the order of names depends on.
 */
function sampleOf(texts: Fragment, ofTenant: Fragment, shape: SearchShape, hasOthers: boolean): Fragment {
  const half = (direction: Fragment) =>
    sql`(select s.name_key, s.texts from ${texts} where ${ofTenant} order by s.id${direction} limit ${sampled / 2})`;
  const counted = [ranks.textBegins, ranks.part].map(
    (rank) =>
      sql`count(*) filter (where s.rank = ${rank} and ${isUnordered(rank, hasOthers)}) as ${name(`rank_${rank}`)}`,
  );
  return sql`sample as materialized (select ${join(counted, ', ')} from (
    select ${rankOf(shape)} as rank, s.texts from (${half(none)} union all ${half(sql` desc`)}) s) s)`;
}

/** The order of a searched list: by rank, name and id. Its rows are `hit`. */
export const searchOrder = keyset([
  { column: 'hit.rank', type: 'integer' },
  { column: 'hit.name', type: 'name', nameKey: sql`hit.name_key` },
  { column: 'hit.id', type: 'uuid' },
]);

/** The columns that the cursors of a searched list need. */
export const hitColumns = {
  list: sql`hit.rank as "hitRank", hit.name as "hitName"`,
  rows: rows({ hitRank: integer, hitName: text }),
};

/** A row of a searched list. */
export type Hit = { hitRank: number; hitName: string };

/** The keys of a searched row's cursor. */
export const keysOfHit = ({ hitRank, hitName, id }: Hit & { id: string }): readonly string[] => [
  String(hitRank),
  hitName,
  id,
];

/**
 * The matches of a page, as `hit` with its place in the order and its id: as many as the page may have, in its order.
 * Without a page, all matches.
 */
export function hits<Parameters>(
  of: Searched<Parameters>,
  shape: SearchShape,
  within: Fragment<PageValues>,
  then: Fragment,
  page: Page | null,
): Fragment<Parameters & Takes> {
  if (page === null) {
    return sql`(select s.id from ${name(of.texts)} s ${of.joined} where s.tenant_id = ${tenant}${of.where as Fragment} and ${hasMatch(shape)}) hit` as Fragment<
      Parameters & Takes
    >;
  }
  return sql`(select hit.* from (${found(of, shape, page)}) hit where true${within} ${then} limit ${size}) hit` as Fragment<
    Parameters & Takes
  >;
}
