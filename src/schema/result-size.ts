import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
} from 'graphql';
import type { Scope } from '../auth/scopes.ts';
import { may, type Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import { oncePer } from '../database/statement.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Below, CountBelow, Price, WorkBelow } from '../operations/price.ts';
import type { GraphContext } from './context.ts';
import { countsBelow, idsOfRows, longTypes, ofPages, plain, priceAt, type RowInfo } from './row-price.ts';

type Field = GraphQLField<unknown, GraphContext>;

/** A row with its columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of a list, or one row. What was not found, and what was refused, is none. */
export const rowsOf = (found: object): Row[] =>
  (Array.isArray(found) ? found : [found]).filter(
    (row: unknown) => typeof row === 'object' && row !== null && !(row instanceof Error),
  );

/** What is counted before it is read, by `Type.field`. */
export type CountsBelow = {
  /** Lists and long values, by the ids of the rows that they belong to. */
  readonly counts: Readonly<Record<string, { readonly count: CountBelow; readonly scope?: Scope }>>;
  /** Single rows whose id is a property of the row that they hang on. It differs by their type. */
  readonly ids: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** From so many rows on, in one list or in several of one place, what is below them is counted before it is read. */
export const manyRows = 1_000;

/**
 * Makes every list of rows count itself into the result before a row of it is completed. Single rows and long values
 * from resolvers are counted too. Loaders bound what is read, but a few rows could still be written out many thousand
 * times. What is named by `below` is counted as soon as there are many parents.
 */
export function countResults(schema: GraphQLSchema, below: CountsBelow = { counts: {}, ids: {} }): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type);
      const isList = isListType(getNullableType(field.type));
      if (!field.resolve) plain.add(field);
      const name = `${type.name}.${field.name}`;
      if (below.counts[name]) countsBelow.set(field, below.counts[name]);
      if (below.ids[name]) idsOfRows.set(field, below.ids[name]);
      if (isCompositeType(named)) {
        if (isList || (field.resolve && !ofPages.test(`${type.name} ${named.name}`))) countRows(field);
        else if (field.resolve) countRefusals(field);
      } else if (field.resolve && (isList || longTypes.has(named.name))) countValue(field);
    }
  }
  return schema;
}

function countRows(field: Field): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  // What is below a single row is recorded with the row that has its id.
  const isRecorded = idsOfRows.has(field);
  field.resolve = (parent, args, context, info) => {
    const { size } = context;
    if (size.execution.stopped) return size.execution.never;
    const found: unknown = resolve(parent, args, context, info);
    if (!(found instanceof Promise)) {
      if (typeof found !== 'object' || found === null) return found;
      const price = priceAt(info, context);
      if (!isRecorded) context.uncounted.add(found, price);
      return size.count(found, price, info);
    }
    size.reading();
    return found.then(
      (read: object | null | undefined) => {
        if (read == null || size.execution.stopped) return size.countRead(read, () => priceAt(info, context), info);
        const price = priceAt(info, context);
        if (!Array.isArray(read) || price.below.length === 0) {
          if (!isRecorded) context.uncounted.add(read, price);
          return size.countRead(read, () => price, info);
        }
        return context.load(belowLists(price), { rows: rowsOf(read), viewer: context.viewer }).then(
          (below) => {
            if (below === null) context.uncounted.add(read, price);
            return size.countRead(read, () => price, info, below ?? nothingBelow);
          },
          (error: unknown) => {
            size.failed();
            throw error;
          },
        );
      },
      (error: unknown) => {
        size.failed();
        return refused(error, info, context);
      },
    );
  };
}

/** Counts the pages of a field that were not read because all pages together are too large. */
function countRefusals(field: Field): void {
  const resolve = field.resolve as NonNullable<Field['resolve']>;
  field.resolve = (parent, args, context, info) => {
    const page: unknown = resolve(parent, args, context, info);
    return page instanceof Promise ? page.catch((error: unknown) => refused(error, info, context)) : page;
  };
}

function refused(error: unknown, info: GraphQLResolveInfo, { size }: GraphContext): Promise<never> {
  if (size.execution.stopped) return size.execution.never;
  if (error instanceof Problem && error.code === 'RESULT_TOO_LARGE') return size.refused(error, info);
  throw error;
}

/** How many rows of a list the result still has room for, by what is selected of them. */
export function roomFor(info: RowInfo, context: GraphContext): number {
  const { work, certainWork, bytes } = priceAt(info, context);
  const { room } = context.size;
  return Math.max(0, Math.floor(Math.min(room.work / (work + certainWork), room.bytes / (bytes + 1))));
}

function countValue(field: Field): void {
  const resolve = field.resolve as NonNullable<Field['resolve']>;
  field.resolve = (parent, args, context, info) => {
    const { size } = context;
    if (size.execution.stopped) return size.execution.never;
    const value: unknown = resolve(parent, args, context, info);
    if (value instanceof Promise)
      return value.then((made: unknown) => (made == null ? made : size.countLeaf(made, info)));
    return value == null ? value : size.countLeaf(value, info);
  };
}

type List = { rows: readonly Row[]; viewer: Viewer };

const nothingBelow: WorkBelow = { work: 0, bytes: 0 };

/**
 * The work and the bytes below lists of the same place. Those that are read in one turn of the event loop are counted
 * like one list, and the first of them has what is below all. Null where they are few and were not counted.
 */
const belowLists = oncePer(
  (price: Price): Loader<List, WorkBelow | null> => ({
    async load(db, lists) {
      const rows = lists.flatMap((list) => list.rows);
      const [first] = lists;
      if (!first || rows.length < manyRows) return lists.map(() => null);
      const below = await workBelow(rows, price, db, first.viewer);
      return lists.map((list) => (list === first ? below : nothingBelow));
    },
  }),
);

/** The work and the bytes below rows: what is counted in the same way is counted once. */
export async function workBelow(
  rows: readonly Row[],
  { below }: Pick<Price, 'below'>,
  db: TenantDatabase,
  viewer: Viewer,
): Promise<WorkBelow> {
  const worked: Below[] = [];
  for (const one of below) {
    if (one.scope && !may(viewer, one.scope)) continue;
    const args = JSON.stringify(one.args);
    const same = worked.findIndex(
      (each) => each.count === one.count && each.by === one.by && args === JSON.stringify(each.args),
    );
    if (same < 0) worked.push(one);
    else worked[same] = { ...one, work: one.work + (worked[same] as Below).work };
  }
  const each = await Promise.all(
    worked.map(async ({ count, by, args, work }) => {
      const ids = rows.map((row) => row[by]).filter((id) => typeof id === 'string');
      const { rows: found, bytes } = await count(db, ids, args);
      return { work: Number.isFinite(found) ? work * found : found, bytes };
    }),
  );
  return {
    work: each.reduce((sum, { work }) => sum + work, 0),
    bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
