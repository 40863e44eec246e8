import {
  type ASTVisitor,
  type FieldNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** Fields of a document with its fragments written out; those that merge into one count each. */
export const mostWrittenOut = 10_000;
/** Pairs of fields under the same name in the same place. Validation compares each pair. */
export const mostPairs = 20_000;

/**
 * Refuses documents that repeat fields so often that the rule OverlappingFieldsCanBeMerged, which compares every two of the same name, would
 * take long. Merges selections as execution does, and stops as soon as a limit is reached. Fragments must exist, be used, and form no circle.
 */
export const writtenOutLimits: ValidationRule = (context: ValidationContext): ASTVisitor => {
  let fields = 0;
  let pairs = 0;
  const isOver = () => fields > mostWrittenOut || pairs > mostPairs;

  const merge = (sets: readonly SelectionSetNode[]): void => {
    const byName = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (isOver()) return;
        if (selection.kind === Kind.FIELD) {
          fields += 1;
          const { value: name } = selection.alias ?? selection.name;
          const same = byName.get(name);
          if (same) {
            pairs += same.length;
            same.push(selection);
          } else byName.set(name, [selection]);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
        else if (!spread.has(selection.name.value)) {
          spread.add(selection.name.value);
          const fragment = context.getFragment(selection.name.value);
          if (fragment) collect(fragment.selectionSet);
        }
      }
    };
    for (const set of sets) collect(set);
    for (const same of byName.values()) {
      if (isOver()) return;
      const below = same.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) merge(below);
    }
  };

  return {
    OperationDefinition(node) {
      if (!isOver()) merge([node.selectionSet]);
      return false;
    },
    FragmentDefinition: () => false,
    Document: {
      leave(node) {
        if (pairs > mostPairs)
          context.reportError(new GraphQLError('The document repeats its fields too often.', { nodes: node }));
        else if (fields > mostWrittenOut)
          context.reportError(
            new GraphQLError(`The document has more than ${mostWrittenOut} fields with its fragments written out.`, {
              nodes: node,
            }),
          );
      },
    },
  };
};
