import { type Fragment, join, none, parameter, sql } from './sql/fragment.ts';
import { text } from './sql/types.ts';

/*
 * What matches a query, and which index finds it (docs/decisions/0040-finding.md). The texts of a row, `s.texts`, stand
 * between line ends: first the name, then one that many rows may share, like a last name, then those of few rows.
 */

/** The rank of a match: a whole text, a name that begins with the query, another text that does, or a part. */
export const ranks = { whole: 0, nameBegins: 1, textBegins: 2, part: 3 } as const;
export type Rank = (typeof ranks)[keyof typeof ranks];

/** What tells the statements of searches from each other. */
export type SearchShape = {
  /** Whether the index of trigrams finds the query. Otherwise that of pairs of characters does. */
  trigrams: boolean;
  /** Whether the query is also searched for as the digits of a telephone number. */
  digits: boolean;
};

/** A query that was checked. */
export type Search = { shape: SearchShape; values: { query: string; digits: string } };

/** The values that the conditions of a search take. */
export type SearchValues = Search['values'];

// Subqueries, which are run once: what stands in a condition itself is computed for each row.
const key = sql`(select name_key(${parameter('query', text)}))` as Fragment;
const digitsKey = parameter('digits', text) as Fragment;

/** What is searched for: the query, and perhaps its digits. */
const soughtBy = ({ digits }: SearchShape): readonly Fragment[] => (digits ? [key, digitsKey] : [key]);

const anyOf = (conditions: readonly Fragment[]) => sql`(${join(conditions, ' or ')})`;

/** The pattern of texts that have this in them. */
const containing = (sought: Fragment) =>
  sql`(select '%' || regexp_replace(${sought}, '([\\\\%_])', '\\\\\\1', 'g') || '%')`;

// Without an index, in a form that the planner cannot use one for.
const compared = (shape: SearchShape, ends: (of: Fragment) => Fragment) =>
  anyOf(soughtBy(shape).map((of) => sql`(s.texts || '') like ${containing(ends(of))}`));
const whole = (shape: SearchShape) => compared(shape, (of) => sql`E'\\n' || ${of} || E'\\n'`);
const textBegins = (shape: SearchShape) => compared(shape, (of) => sql`E'\\n' || ${of}`);
const part = (shape: SearchShape) => compared(shape, (of) => of);
const nameBegins = sql`starts_with(s.name_key, ${key})`;

/** The condition that `s` has a match, as the index of parts serves it. */
export const hasMatch = (shape: SearchShape): Fragment<SearchValues> =>
  anyOf(
    soughtBy(shape).map((of) =>
      shape.trigrams
        ? sql`s.texts like ${containing(of)}`
        : sql`(search_pairs(s.texts) @> (select search_pairs(${of})) and s.texts like ${containing(of)})`,
    ),
  );

/** The rank of `s`. Null for a row that does not match. Takes SearchValues. */
export const rankOf = (shape: SearchShape): Fragment =>
  sql`case when ${whole(shape)} then ${ranks.whole} when ${nameBegins} then ${ranks.nameBegins}
    when ${textBegins(shape)} then ${ranks.textBegins} when ${part(shape)} then ${ranks.part} end`;

/** The condition that `s` has that rank, compared row by row. Takes SearchValues. */
export function hasRank(shape: SearchShape, rank: Rank): Fragment {
  if (rank === ranks.whole) return whole(shape);
  if (rank === ranks.nameBegins) return sql`${nameBegins} and not ${whole(shape)}`;
  if (rank === ranks.textBegins) return sql`${textBegins(shape)} and not ${nameBegins} and not ${whole(shape)}`;
  // A whole text begins with the query.
  return sql`${part(shape)} and not ${nameBegins} and not ${textBegins(shape)}`;
}

/**
 * Where rows of a rank are found, among others: by a condition that an index serves. It gives them in the order of
 * names, or in that order for each of the second texts in `begun`, or in no order.
 */
export type Source = { condition: Fragment; gives: 'names' | 'names of each' | 'no order' };

const nameKey = sql`s.name_key collate "C"`;
const second = sql`left(split_part(s.texts, E'\\n', 3), 40) collate "C"`;
// A key of the index has that many characters.
const secondKey = (of: Fragment) => sql`(select left(${of}, 40))`;
const beginning = (column: Fragment, of: Fragment) =>
  sql`${column} >= ${of} and ${column} < ${of} || repeat(chr(1114111), 3)`;
/** The condition that one of the other texts is this, or begins with it. */
const others = (of: Fragment, how: Fragment) =>
  sql`search_other_texts(s.name_key, s.texts) @@ (select ('''' || replace(replace(${of}, '\\', '\\\\'), '''', '''''') || ''''${how})::tsquery)`;
const beginsSo = sql` || ':*'`;

/** Of so many second texts that begin with the query each is read by itself. */
const maxBegun = 50;
const isBegunMany = sql`(select count(*) from begun) > ${maxBegun}`;

/**
 * Every row of that rank is in one of these, which take SearchValues. `hasOthers` says whether rows have texts besides
 * the name.
 */
export function sourcesOf(shape: SearchShape, rank: Rank, hasOthers: boolean): readonly Source[] {
  const sought = soughtBy(shape);
  const inOrder = (condition: Fragment): Source => ({ condition, gives: 'names' });
  const unordered = (condition: Fragment): Source => ({ condition, gives: 'no order' });
  if (rank === ranks.part) return [unordered(hasMatch(shape) as Fragment)];
  if (rank === ranks.nameBegins) return [inOrder(beginning(nameKey, key))];
  if (rank === ranks.whole)
    return sought.flatMap((of) => [
      inOrder(sql`${nameKey} = ${of}`),
      ...(hasOthers ? [inOrder(sql`${second} = ${secondKey(of)}`), unordered(others(of, none))] : []),
    ]);
  return [
    // A name that begins with the query has the rank before. One that begins with the digits has not.
    ...sought.slice(1).map((of) => inOrder(beginning(nameKey, of))),
    ...(hasOthers
      ? [
          { condition: sql`${second} = begun.text and not (${isBegunMany})`, gives: 'names of each' } as const,
          unordered(sql`${beginning(second, secondKey(key))} and ${isBegunMany}`),
          ...sought.slice(1).map((of) => unordered(beginning(second, secondKey(of)))),
          ...sought.map((of) => unordered(others(of, beginsSo))),
        ]
      : []),
  ];
}

/**
 * `begun`, the different second texts that begin with the query, each found in the index behind the one before: very
 * many rows may share few of them.
 */
export function begunOf(texts: Fragment, ofTenant: Fragment): Fragment {
  const next = (condition: Fragment) =>
    sql`(select ${second} from ${texts} where ${ofTenant} and ${condition} order by ${second} limit 1)`;
  const range = beginning(second, secondKey(key));
  return sql`begun as materialized (with recursive step (text) as (
    ${next(range)}
    union all select ${next(sql`${second} > step.text and ${range}`)} from step where step.text is not null
  ) select text from step where text is not null limit ${maxBegun + 1})`;
}

/** Whether a row of that rank is one that no source gives in the order of names. Takes SearchValues. */
export const isUnordered = (rank: Rank, hasOthers: boolean): Fragment =>
  rank === ranks.textBegins && hasOthers
    ? sql`(${isBegunMany} or not starts_with(${second}, ${secondKey(key)}))`
    : sql`true`;
