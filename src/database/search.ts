import { keyset, type PageValues } from './keyset.ts';
import { nameOrder } from './names.ts';
import { largestPage, type Page } from './pages.ts';
import { rows } from './sql/columns.ts';
import { type Fragment, join, name, none, parameter, sql, tenant } from './sql/fragment.ts';
import { bigint, integer, nullable, text, uuid } from './sql/types.ts';

/*
 * How lists are searched (docs/decisions/0040-finding.md). A searched table has a table of texts beside it, which
 * triggers keep: `name`, `name_key`, and `texts`, which has each searched text between line ends.
 */

/** The rank of a match: a whole text, a name that begins with the query, another text that does, or a part. */
const ranks = { whole: 0, nameBegins: 1, textBegins: 2, part: 3 } as const;

/** How many rows, in the order of names, say whether a query matches many rows or few. Leading names do too. */
const probed = 1_000;
const many = 20;

/** What tells the statements of searches from each other. */
export type SearchShape = {
  /** Whether the index of trigrams finds the query. Otherwise that of pairs of characters does. */
  trigrams: boolean;
  /** Whether the query is also searched for as the digits of a telephone number. */
  digits: boolean;
};

/** A query that was checked. */
export type Search = { shape: SearchShape; values: { query: string; digits: string } };

const query = parameter('query', text);
// Subqueries, which are run once: what stands in a condition itself is computed for each row.
const key = sql`(select name_key(${query}))`;
const size = parameter('size', bigint);
const patterns = [key, parameter('digits', text)] as const;
type Values = { readonly query: string } & { readonly digits: string };
type Takes = Values & { readonly tenantId: string } & Pick<PageValues, 'size'>;

/** How a match of at least a rank begins and ends. */
const ends = {
  [ranks.whole]: [sql`E'\\n' || `, sql` || E'\\n'`],
  [ranks.textBegins]: [sql`E'\\n' || `, none],
  [ranks.part]: [none, none],
} as const;

/**
 * The condition that the texts of `s` have a match of at least that rank. With an index, in the form that it serves;
 * without, in one that the planner cannot use it for.
 */
function matches({ trigrams, digits }: SearchShape, rank: keyof typeof ends, isIndexed: boolean): Fragment<Values> {
  const [before, behind] = ends[rank];
  const conditions = (digits ? patterns : patterns.slice(0, 1)).map((of) => {
    const sought = sql`${before}${of as Fragment}${behind}`;
    const pattern = sql`(select '%' || regexp_replace(${sought}, '([\\\\%_])', '\\\\\\1', 'g') || '%')`;
    if (!isIndexed) return sql`(s.texts || '') like ${pattern}`;
    return trigrams
      ? sql`s.texts like ${pattern}`
      : sql`(search_pairs(s.texts) @> (select search_pairs(${sought})) and s.texts like ${pattern})`;
  });
  return sql`(${join(conditions, ' or ')})`;
}

/** The condition that the texts of `s` have a match, for a list in another order. */
export const hasMatch = (shape: SearchShape): Fragment<Values> => matches(shape, ranks.part, true);

/** A table that is searched. */
type Searched<Parameters> = {
  /** Its table of texts. */
  texts: string;
  /** The tables to join to the texts, `s`, and their conditions, each after an ` and `. */
  joined: Fragment;
  where: Fragment<Parameters>;
  /** Whether the conditions leave so few rows that all of them are looked at. */
  isNarrow: boolean;
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
    const bounds = keys.map((its, index) => {
      const value = sql`case when ${itsRank} = ${rank} then ${its} else ${beyond[index] ?? none} end`;
      return index < 2 ? sql`(${value}) collate "C"` : value;
    });
    const sign = isAfter ? sql`>` : sql`<`;
    return sql` and ${itsRank} ${isAfter ? sql`<=` : sql`>=`} ${rank} and (${join(order, ', ')}) ${sign} (${join(bounds, ', ')})`;
  };
  return sql`${bound('after')}${bound('before')}`;
}

/**
 * Selects `rank`, `name_key`, `name` and `id` of the matches that a page may have. A query that matches few rows gets
 * all of them from the index. For one that matches many, each rank is read in the order of names until the page is
 * full, where an index gives that order.
 */
function found<Parameters>(of: Searched<Parameters>, shape: SearchShape, page: Page): Fragment<Parameters & Takes> {
  const from = sql`${name(of.texts)} s ${of.joined} where s.tenant_id = ${tenant}${of.where as Fragment}`;
  const part = matches(shape, ranks.part, true);
  const whole = matches(shape, ranks.whole, false);
  const begins = sql`starts_with(s.name_key, ${key})`;
  const textBegins = matches(shape, ranks.textBegins, false);
  const ranked = sql`select case when ${whole} then ${ranks.whole} when ${begins} then ${ranks.nameBegins}
      when ${textBegins} then ${ranks.textBegins} else ${ranks.part} end as rank, s.name_key, s.name, s.id from ${from} and ${part}`;
  if (of.isNarrow) return ranked as Fragment<Parameters & Takes>;

  const direction = page.backward ? sql` desc` : none;
  const inOrder = join(
    order.map((column) => sql`${column}${direction}`),
    ', ',
  );
  const range = sql`s.name_key collate "C" >= ${key} and s.name_key collate "C" < ${key} || repeat(chr(1114111), 3)`;
  const tiers = [
    { rank: ranks.whole, condition: matches(shape, ranks.whole, true), isOrdered: false },
    { rank: ranks.nameBegins, condition: sql`${range} and not ${whole}`, isOrdered: true },
    {
      rank: ranks.textBegins,
      condition: sql`${matches(shape, ranks.textBegins, true)} and not ${begins} and not ${whole}`,
      isOrdered: false,
    },
    {
      rank: ranks.part,
      condition: sql`${matches(shape, ranks.part, false)} and not ${begins} and not ${textBegins}`,
      isOrdered: true,
    },
  ];
  if (page.backward) tiers.reverse();
  const read: Fragment[] = [];
  const expressions = tiers.map(({ rank, condition, isOrdered }) => {
    const tier = name(`rank_${rank}`);
    const before = read.map((each) => sql`(select count(*) from ${each})`);
    const isWanted = sql`(select n from probe) >= ${many}${
      before.length === 0 ? none : sql` and ${join(before, ' + ')} < ${size}`
    }`;
    read.push(tier);
    const rows = sql`select ${rank} as rank, s.name_key, s.name, s.id from ${from} and ${condition}${between(page, rank)} and ${isWanted}`;
    const limited = isOrdered
      ? sql`select * from (${rows} order by ${inOrder} limit ${largestPage + 1}) s limit ${size}`
      : sql`select * from (${rows} offset 0) s order by ${inOrder} limit ${size}`;
    return sql`${tier} as materialized (${limited})`;
  });
  // Matches may stand together in the order of names, far from its beginning: names that begin with the query do.
  const scope = sql`${name(of.texts)} s where s.tenant_id = ${tenant}`;
  return sql`with probe as materialized (
      select (select count(*) from (select from (
        select s.texts from ${scope} order by ${join(order, ', ')} limit ${probed}
      ) s where ${matches(shape, ranks.part, false)} limit ${many}) few)
      + (select count(*) from (select from ${scope} and ${range} limit ${many}) leading_names) as n
    ), ${join(expressions, ', ')}
    (${ranked} and (select n from probe) < ${many} offset 0) union all ${join(
      read.map((tier) => sql`select * from ${tier}`),
      ' union all ',
    )}` as Fragment<Parameters & Takes>;
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
    const part = matches(shape, ranks.part, true);
    return sql`(select s.id from ${name(of.texts)} s ${of.joined} where s.tenant_id = ${tenant}${of.where as Fragment} and ${part}) hit` as Fragment<
      Parameters & Takes
    >;
  }
  return sql`(select hit.* from (${found(of, shape, page)}) hit where true${within} ${then} limit ${size}) hit` as Fragment<
    Parameters & Takes
  >;
}
