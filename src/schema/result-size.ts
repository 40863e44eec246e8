import {
  defaultFieldResolver,
  type FieldNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { CountBelow, Price } from '../operations/price.ts';
import type { GraphContext } from './context.ts';

type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'schema' | 'variableValues' | 'returnType'>;
type Field = GraphQLField<unknown, GraphContext>;

/** Fields that are properties of their rows. They are counted with the row. */
const plain = new WeakSet<object>();

// A connection is no row. The rows in its edges belong to a list.
const ofPages = /Edge | (\w*Connection|PageInfo)$/;

/** Scalars whose values can be long. */
const longTypes: ReadonlySet<string> = new Set(['String', 'EmailAddress', 'URL', 'JSONObject']);
/** The bytes of other scalars, with their punctuation. Enumerations and unlisted types have 16. */
const bytesOfTypes: Readonly<Record<string, number>> = { Boolean: 5, Int: 8, Float: 12, ID: 38, DateTime: 27 };

// What a field takes that is not a property: its resolver is called, and rows are read through a promise.
const workOfValue = 3;
const workOfRows = 6;

/** The work of a field, in its GraphQL extensions, where a resolver does more than most. */
export type FieldWork = { readonly work?: number };

/** How the rows of lists are counted before they are read, by `Type.field`. */
export type CountsBelow = Readonly<Record<string, CountBelow>>;
const countsBelow = new WeakMap<object, CountBelow>();

/** From so many rows on, the lists below them are counted before they are read. */
const manyRows = 1_000;

/**
 * Makes every list of rows count itself into the result before a row of it is completed. Single rows and long values
 * from resolvers are counted too. Loaders bound what is read, but a few rows could still be written out many thousand
 * times. Of the lists named by `below` the rows are counted as soon as there are many parents.
 */
export function countResults(schema: GraphQLSchema, below: CountsBelow = {}): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type);
      const isList = isListType(getNullableType(field.type));
      if (!field.resolve) plain.add(field);
      const count = below[`${type.name}.${field.name}`];
      if (count) countsBelow.set(field, count);
      if (isCompositeType(named)) {
        if (isList || (field.resolve && !ofPages.test(`${type.name} ${named.name}`))) countRows(field);
      } else if (field.resolve && (isList || longTypes.has(named.name))) countValue(field);
    }
  }
  return schema;
}

function countRows(field: Field): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args, context, info) => {
    const { size } = context;
    if (size.stopped) return size.never;
    const found: unknown = resolve(parent, args, context, info);
    if (!(found instanceof Promise))
      return typeof found === 'object' && found !== null ? size.count(found, priceAt(info, context), info) : found;
    size.reading();
    return found.then(
      (read) => {
        if (!Array.isArray(read) || read.length < manyRows || size.stopped)
          return size.countRead(read, () => priceAt(info, context), info);
        const price = priceAt(info, context);
        if (price.lists.length === 0) return size.countRead(read, () => price, info);
        return workBelow(read, price, context).then(
          (work) => size.countRead(read, () => price, info, work),
          (error: unknown) => {
            size.failed();
            throw error;
          },
        );
      },
      (error: unknown) => {
        size.failed();
        throw error;
      },
    );
  };
}

function countValue(field: Field): void {
  const resolve = field.resolve as NonNullable<Field['resolve']>;
  field.resolve = (parent, args, context, info) => {
    const { size } = context;
    if (size.stopped) return size.never;
    const value: unknown = resolve(parent, args, context, info);
    if (value instanceof Promise)
      return value.then((made: unknown) => (made == null ? made : size.countLeaf(made, info)));
    return value == null ? value : size.countLeaf(value, info);
  };
}

/** The work of the lists below rows: each kind of list is counted once. */
async function workBelow(rows: readonly { id: string }[], { lists }: Price, { db }: GraphContext): Promise<number> {
  const ids = rows.map(({ id }) => id);
  const worked = new Map<CountBelow, number>();
  for (const { count, work } of lists) worked.set(count, (worked.get(count) ?? 0) + work);
  const each = await Promise.all([...worked].map(async ([count, work]) => work * (await count(db, ids))));
  return each.reduce((sum, work) => sum + work, 0);
}

const prices = new WeakMap<readonly FieldNode[], Price>();
const pricesOfOne = new WeakMap<FieldNode, Price>();

/**
 * Returns the price of a row of the field. It is computed once per place in a document, or per operation where it
 * depends on variables.
 */
function priceAt(info: Info, { size }: GraphContext): Price {
  const { fieldNodes } = info;
  // Executors use the same array for all rows of an execution, compiled code for all executions.
  const known = prices.get(fieldNodes) ?? size.prices.get(fieldNodes);
  if (known) return known;
  const [only] = fieldNodes.length === 1 ? fieldNodes : [];
  const before = only && pricesOfOne.get(only);
  if (before) {
    prices.set(fieldNodes, before);
    return before;
  }
  const making = new Pricing(info);
  const price = making.ofRows(info.returnType, fieldNodes);
  if (making.conditional) size.prices.set(fieldNodes, price);
  else {
    prices.set(fieldNodes, price);
    if (only) pricesOfOne.set(only, price);
  }
  return price;
}

const nothing: Price = { work: 0, deepWork: 0, certainWork: 0, lists: [], bytes: 0, long: [], values: 0, inner: [] };

/** Computes prices. Says whether they hold for these variables only. */
class Pricing {
  conditional = false;
  readonly #info: Info;

  constructor(info: Info) {
    this.#info = info;
  }

  /** Returns the price of a row of that type with this selection. Of several types it is the highest. */
  ofRows(returnType: GraphQLResolveInfo['returnType'], nodes: readonly FieldNode[]): Price {
    const type = getNamedType(returnType);
    // A list of values has no selection.
    if (!isCompositeType(type)) return { ...nothing, work: 1, deepWork: 1 };
    const types = isAbstractType(type) ? this.#info.schema.getPossibleTypes(type) : [type];
    return dearest(types.map((one) => this.#ofObject(one, nodes)));
  }

  #ofObject(type: GraphQLObjectType, nodes: readonly FieldNode[]): Price {
    const selected = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const { selectionSet } of nodes) this.#collect(type, selectionSet, selected, spread);
    const fields = type.getFields();
    const long = new Map<string, number>();
    const inner: Price['inner'][number][] = [];
    const lists: Price['lists'][number][] = [];
    let [work, deepWork, certainWork, bytes] = [1, 1, 0, 2];
    const add = (more: { work: number; deepWork: number; bytes: number }) => {
      work += more.work;
      deepWork += more.deepWork;
      bytes += more.bytes;
    };
    for (const [name, same] of selected) {
      bytes += name.length + 4;
      const field = fields[(same[0] as FieldNode).name.value] as Field | undefined;
      const named = field && getNamedType(field.type);
      if (!field || !named) {
        // __typename, and at the root introspection.
        add({ work: 1, deepWork: 1, bytes: 24 });
        continue;
      }
      const isPlain = plain.has(field);
      const isList = isListType(getNullableType(field.type));
      const own =
        (field.extensions as FieldWork).work ?? (isPlain ? 1 : isCompositeType(named) ? workOfRows : workOfValue);
      if (isCompositeType(named) && !isList) {
        const price = this.ofRows(named, same);
        if (isPlain) {
          certainWork += price.certainWork;
          add({ ...price, work: own + price.work });
          inner.push({ property: field.name, price });
        } else if (ofPages.test(`${type.name} ${named.name}`)) add({ ...price, work: own + price.work });
        else {
          add({ work: own, deepWork: own + price.deepWork, bytes: 4 });
          if (isNonNullType(field.type)) certainWork += price.work + price.certainWork;
        }
        continue;
      }
      const count = countsBelow.get(field);
      if (count) {
        const row = this.ofRows(named, same);
        lists.push({ count, work: row.work + row.certainWork });
      }
      const isLong = isPlain && !isCompositeType(named) && (isList || longTypes.has(named.name));
      if (isLong) long.set(field.name, (long.get(field.name) ?? 0) + 1);
      const known = isList || longTypes.has(named.name) ? 2 : (bytesOfTypes[named.name] ?? 16);
      add({ work: own, deepWork: own, bytes: known });
    }
    return {
      work,
      deepWork,
      certainWork,
      lists,
      bytes,
      long: [...long].map(([property, times]) => ({ property, times })),
      values: sumOf(long.values()) + sumOf(inner.map(({ price }) => price.values)),
      inner,
    };
  }

  #collect(
    type: GraphQLObjectType,
    set: SelectionSetNode | undefined,
    selected: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    const { fragments, schema } = this.#info;
    const applies = (condition: string | undefined) => {
      if (condition === undefined || condition === type.name) return true;
      const named = schema.getType(condition);
      return isAbstractType(named) && schema.isSubType(named, type);
    };
    for (const selection of set?.selections ?? []) {
      if (selection.directives?.length && !this.#isIncluded(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const same = selected.get(name);
        if (same) same.push(selection);
        else selected.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value)) this.#collect(type, selection.selectionSet, selected, spread);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments[selection.name.value];
        if (fragment && applies(fragment.typeCondition.name.value))
          this.#collect(type, fragment.selectionSet, selected, spread);
      }
    }
  }

  #isIncluded(selection: SelectionSetNode['selections'][number]): boolean {
    this.conditional = true;
    const { variableValues } = this.#info;
    if (getDirectiveValues(GraphQLSkipDirective, selection, variableValues)?.['if'] === true) return false;
    return getDirectiveValues(GraphQLIncludeDirective, selection, variableValues)?.['if'] !== false;
  }
}

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0);

/** Returns a price that is at least each of these. */
function dearest(several: readonly Price[]): Price {
  const [only] = several;
  if (only && several.length === 1) return only;
  const long = new Map<string, number>();
  for (const price of several)
    for (const { property, times } of price.long) long.set(property, Math.max(times, long.get(property) ?? 0));
  return {
    ...nothing,
    work: Math.max(0, ...several.map(({ work }) => work)),
    deepWork: Math.max(0, ...several.map(({ deepWork }) => deepWork)),
    bytes: Math.max(0, ...several.map(({ bytes }) => bytes)),
    long: [...long].map(([property, times]) => ({ property, times })),
    values: Math.max(0, ...several.map(({ values }) => values)),
    inner: several.flatMap(({ inner }) => inner),
  };
}
