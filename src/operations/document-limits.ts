import {
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { limits } from './limits.ts';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/**
 * Returns the errors of a parsed document's size: none, or one. Takes linear time. Call it before validation, whose
 * rules compare each field with all others of the same name.
 */
export function documentErrors(document: DocumentNode): readonly GraphQLError[] {
  const refuse = (max: number, what: string, node?: ASTNode) => [
    new GraphQLError(`The document has more than ${max} ${what}.`, node ? { nodes: node } : {}),
  ];
  const fragments = fragmentsOf(document);

  let aliases = 0;
  let directives = 0;
  for (const node of nodesOf(document)) {
    directives += node.directives?.length ?? 0;
    if (directives > limits.directives) return refuse(limits.directives, 'directives');
    if (node.kind === Kind.FIELD && node.alias && ++aliases > limits.aliases)
      return refuse(limits.aliases, 'aliases', node);
  }

  const depths = new Map<string, number>();
  const size = new ExpandedSize(fragments);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      if (depthOf(definition.selectionSet, fragments, depths) > limits.depth)
        return refuse(limits.depth, 'levels', definition);
    }
    size.add([definition.selectionSet]);
    if (size.pairs > limits.samePairs) return refuse(limits.samePairs, 'pairs of fields of the same name', definition);
    if (size.fields > limits.fields) return refuse(limits.fields, 'fields, fragments written out', definition);
  }
  return [];
}

const fragmentsOf = (document: DocumentNode): Fragments =>
  new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((definition) => [definition.name.value, definition]),
  );

/** Every kind of node that can have directives, with the variables of operations. */
function* nodesOf(document: DocumentNode) {
  const sets: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    yield definition;
    yield* definition.variableDefinitions ?? [];
    sets.push(definition.selectionSet);
  }
  for (let set = sets.pop(); set; set = sets.pop()) {
    for (const selection of set.selections) {
      yield selection;
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) sets.push(selection.selectionSet);
    }
  }
}

/** Returns the depth of fields. Introspection is not counted: graphql-js has its own limit for it. */
function depthOf(set: SelectionSetNode | undefined, fragments: Fragments, depths: Map<string, number>): number {
  let deepest = 0;
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      if (!selection.name.value.startsWith('__'))
        deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet, fragments, depths));
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      deepest = Math.max(deepest, depthOf(selection.selectionSet, fragments, depths));
    } else {
      const { value: name } = selection.name;
      if (!depths.has(name)) {
        // Set before recursion, so that a cycle of fragments, which validation refuses, ends here.
        depths.set(name, 0);
        depths.set(name, depthOf(fragments.get(name)?.selectionSet, fragments, depths));
      }
      deepest = Math.max(deepest, depths.get(name) ?? 0);
    }
  }
  return deepest;
}

/** Counts fields, and the pairs that validation compares, with fragments written out. */
class ExpandedSize {
  fields = 0;
  pairs = 0;
  readonly #fragments: Fragments;
  // The size of a known set is reused: fragments that spread each other twice would take exponential time.
  readonly #known = new Map<SelectionSetNode, { fields: number; pairs: number }>();

  constructor(fragments: Fragments) {
    this.#fragments = fragments;
  }

  /** Adds the selections that merge into one object. Stops once there are too many. */
  add(sets: readonly SelectionSetNode[], depth = 0): void {
    const [only] = sets.length === 1 ? sets : [];
    const known = only && this.#known.get(only);
    if (known) {
      this.fields += known.fields;
      this.pairs += known.pairs;
      return;
    }
    // A cycle of fragments, which validation refuses, never ends.
    if (depth > 100 || this.fields > limits.fields || this.pairs > limits.samePairs) return;
    const before = { fields: this.fields, pairs: this.pairs };
    const byName = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const set of sets) this.#collect(set, byName, spread);
    for (const same of byName.values()) {
      this.fields += same.length;
      this.pairs += (same.length * (same.length - 1)) / 2;
      const inner = same.map(({ selectionSet }) => selectionSet).filter((set) => set !== undefined);
      if (inner.length > 0) this.add(inner, depth + 1);
    }
    if (only) this.#known.set(only, { fields: this.fields - before.fields, pairs: this.pairs - before.pairs });
  }

  #collect(set: SelectionSetNode, byName: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const same = byName.get(name);
        if (same) same.push(selection);
        else byName.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#collect(selection.selectionSet, byName, spread);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment) this.#collect(fragment.selectionSet, byName, spread);
      }
    }
  }
}
