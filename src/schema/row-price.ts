import {
  type FieldNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getArgumentValues,
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
import type { Scope } from '../auth/scopes.ts';
import { defaultPage, largestPage } from '../database/pages.ts';
import { type Below, type CountBelow, noPrice, type Price } from '../operations/price.ts';
import type { GraphContext } from './context.ts';

/** What a price is made of: a place in a document, and the variables. */
export type RowInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'schema' | 'variableValues' | 'returnType'>;
type Field = GraphQLField<unknown, GraphContext>;

/** Fields that are properties of their rows. They are counted with the row. */
export const plain = new WeakSet<object>();

// A connection is no row. The rows in its edges belong to a list.
export const ofPages = /Edge | (\w*Connection|PageInfo)$/;

/** Scalars whose values can be long. */
export const longTypes: ReadonlySet<string> = new Set(['String', 'EmailAddress', 'URL', 'JSONObject']);
/** The bytes of other scalars, with their punctuation. Enumerations and unlisted types have 16. */
const bytesOfTypes: Readonly<Record<string, number>> = { Boolean: 5, Int: 8, Float: 12, ID: 38, DateTime: 27 };

// What a field takes that is not a property: its resolver is called, and rows are read through a promise.
const workOfValue = 3;
const workOfRows = 6;

/** The work of a field, in its GraphQL extensions, where a resolver does more than most. */
export type FieldWork = { readonly work?: number };

/** How what a field reads is counted before it is read. */
export const countsBelow = new WeakMap<object, { readonly count: CountBelow; readonly scope?: Scope }>();
/** The property of a row with the id of the single row that a field leads to, by the type of that row. */
export const idsOfRows = new WeakMap<object, Readonly<Record<string, string>>>();

const prices = new WeakMap<readonly FieldNode[], Price>();
const pricesOfOne = new WeakMap<FieldNode, Price>();

/**
 * Returns the price of a row of the field. It is computed once per place in a document, or per operation where it
 * depends on variables.
 */
export function priceAt(info: RowInfo, { size }: GraphContext): Price {
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

/** Computes prices. Says whether they hold for these variables only. */
class Pricing {
  conditional = false;
  readonly #info: RowInfo;

  constructor(info: RowInfo) {
    this.#info = info;
  }

  /** Returns the price of a row of that type with this selection. Of several types it is the highest. */
  ofRows(returnType: GraphQLResolveInfo['returnType'], nodes: readonly FieldNode[]): Price {
    const type = getNamedType(returnType);
    // A list of values has no selection.
    if (!isCompositeType(type)) return { ...noPrice, work: 1, deepWork: 1 };
    const types = isAbstractType(type) ? this.#info.schema.getPossibleTypes(type) : [type];
    return maxPrice(types.map((one) => this.#ofObject(one, nodes)));
  }

  #ofObject(type: GraphQLObjectType, nodes: readonly FieldNode[]): Price {
    const selected = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const { selectionSet } of nodes) this.#collect(type, selectionSet, selected, spread);
    const fields = type.getFields();
    const long = new Map<string, number>();
    const inner: Price['inner'][number][] = [];
    const within: Price['inner'][number][] = [];
    const below: Below[] = [];
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
      const counted = countsBelow.get(field);
      if (counted) {
        const { count, scope } = counted;
        const work = isList ? this.#workOfRow(named, same) : this.#workOfPageRow(named, same);
        const args = this.#args(field, same[0] as FieldNode);
        const maxRowsPerParent = isList ? Number.POSITIVE_INFINITY : sizeOf(args);
        below.push({ count, scope, by: 'id', args, maxRowsPerParent, work });
      }
      const own =
        (field.extensions as FieldWork).work ?? (isPlain ? 1 : isCompositeType(named) ? workOfRows : workOfValue);
      if (isCompositeType(named) && !isList) {
        const price = this.ofRows(named, same);
        if (isPlain) {
          certainWork += price.certainWork;
          add({ ...price, work: own + price.work });
          inner.push({ property: field.name, price });
          within.push({ property: field.name, price });
        } else if (ofPages.test(`${type.name} ${named.name}`)) {
          add({ ...price, work: own + price.work });
          // An edge has its row under that name, like an object that is a part of it.
          within.push({ property: field.name, price });
        } else {
          add({ work: own, deepWork: own + price.deepWork, bytes: 4 });
          if (isNonNullType(field.type)) certainWork += price.work + price.certainWork;
          below.push(...this.#belowRow(field, same));
        }
        continue;
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
      below,
      bytes,
      long: [...long].map(([property, times]) => ({ property, times })),
      values: sumOf(long.values()) + sumOf(inner.map(({ price }) => price.values)),
      inner,
      within: within.filter(({ price }) => price.below.length > 0 || price.within.length > 0),
    };
  }

  #workOfRow(type: GraphQLNamedOutputType, nodes: readonly FieldNode[]): number {
    const { work, certainWork } = this.ofRows(type, nodes);
    return work + certainWork;
  }

  /** The work of a row of a page. 0 for what is no page. */
  #workOfPageRow(type: GraphQLNamedOutputType, nodes: readonly FieldNode[]): number {
    if (!isObjectType(type) || !type.name.endsWith('Connection')) return 0;
    const selected = new Map<string, FieldNode[]>();
    for (const { selectionSet } of nodes) this.#collect(type, selectionSet, selected, new Set());
    return sumOf(
      [...selected.values()].map((same) => {
        const field = type.getFields()[(same[0] as FieldNode).name.value];
        return field && isListType(getNullableType(field.type)) ? this.#workOfRow(getNamedType(field.type), same) : 0;
      }),
    );
  }

  #args(field: Field, node: FieldNode): Record<string, unknown> {
    if (!node.arguments?.length) return {};
    this.conditional ||= node.arguments.some(({ value }) => value.kind === Kind.VARIABLE);
    return getArgumentValues(field as GraphQLField<unknown, unknown>, node, this.#info.variableValues);
  }

  /** What is below a single row, where the row that it hangs on has its id. */
  #belowRow(field: Field, nodes: readonly FieldNode[]): Below[] {
    return Object.entries(idsOfRows.get(field) ?? {}).flatMap(([typeName, by]) => {
      const type = this.#info.schema.getType(typeName) as GraphQLObjectType;
      const { below } = this.#ofObject(type, nodes);
      return below.filter((one) => one.by === 'id').map((one) => ({ ...one, by }));
    });
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

// A page of another size is refused when it is read.
const sizeOf = ({ first, last }: Readonly<Record<string, unknown>>) =>
  Math.min(Math.max(0, Number(first ?? last ?? defaultPage)), largestPage);

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0);

/** Returns a price that is at least each of these. */
function maxPrice(several: readonly Price[]): Price {
  const [only] = several;
  if (only && several.length === 1) return only;
  const long = new Map<string, number>();
  for (const price of several)
    for (const { property, times } of price.long) long.set(property, Math.max(times, long.get(property) ?? 0));
  return {
    ...noPrice,
    work: Math.max(0, ...several.map(({ work }) => work)),
    deepWork: Math.max(0, ...several.map(({ deepWork }) => deepWork)),
    bytes: Math.max(0, ...several.map(({ bytes }) => bytes)),
    long: [...long].map(([property, times]) => ({ property, times })),
    values: Math.max(0, ...several.map(({ values }) => values)),
    // The ids of one type find nothing in the lists of another.
    below: several.flatMap(({ below }) => below),
    inner: several.flatMap(({ inner }) => inner),
    within: several.flatMap(({ within }) => within),
  };
}
