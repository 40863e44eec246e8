import { builder } from './builder.ts';

/** The names of the types that are nodes, by their rows: what is loaded as a node is told apart by this. */
export const nodeTypes = new WeakMap<object, string>();

/** What has a UUID of its own. Types name it among their interfaces; node.ts says how each is loaded. */
export const NodeType = builder.interfaceRef<object>('Node').implement({
  description:
    'Something that has a UUID of its own, by which `node` finds it again. An agent has none: its id is the tenant’s choice.',
  fields: (t) => ({
    // Each type has a description of its own.
    id: t.id({
      description: 'The UUID.',
      resolve: () => {
        throw new Error('Every node has an id of its own.');
      },
    }),
  }),
  resolveType: (row) => nodeTypes.get(row),
});
