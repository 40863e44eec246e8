import { builder } from './builder.ts';

/** The names of the types that are nodes, by their rows: what is loaded as a node is told apart by this. */
export const nodeTypes = new WeakMap<object, string>();

/** What has an id of its own. Types name it among their interfaces; node.ts says how each is loaded. */
export const NodeType = builder.interfaceRef<object>('Node').implement({
  description:
    'Something that has an id of its own, by which `node` finds it again: a UUID, but for an agent, whose id is a short name of the tenant’s choice.',
  fields: (t) => ({
    // Each type has a description of its own.
    id: t.id({
      description: 'The UUID; of an agent, the name that the tenant chose.',
      resolve: () => {
        throw new Error('Every node has an id of its own.');
      },
    }),
  }),
  resolveType: (row) => nodeTypes.get(row),
});
