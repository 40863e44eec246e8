import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

const known = new WeakMap<FieldNode, ReadonlySet<string>>();

/**
 * The names of the fields that are selected below a field, through fragments of whatever type. One that is skipped by a
 * directive counts as selected: it tells what may be worth reading at once, not what will be asked for.
 */
export function selectedBelow({ fieldNodes, fragments }: GraphQLResolveInfo): ReadonlySet<string> {
  const [first] = fieldNodes;
  const before = first && known.get(first);
  if (before) return before;
  const names = new Set<string>();
  const collect = (selections: SelectionSetNode | undefined) => {
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else collect(fragments[selection.name.value]?.selectionSet);
    }
  };
  for (const { selectionSet } of fieldNodes) collect(selectionSet);
  // The same field merged from several places has others beside it, which may differ from one operation of a document to the next.
  if (first && fieldNodes.length === 1) known.set(first, names);
  return names;
}
