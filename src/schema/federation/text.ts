import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql';
import { entities } from './entities.ts';

const specification = 'https://specs.apollo.dev/federation/v2.0';

/** Values that other subgraphs have by the same name, with the same fields. */
const shared: ReadonlySet<string> = new Set(['PageInfo']);

/**
 * Returns the schema as a subgraph's SDL, sorted: with the keys of its entities, and without the fields that only a
 * gateway asks for.
 */
export function subgraphText(schema: GraphQLSchema): string {
  const definitions = parsed(printSchema(lexicographicSortSchema(schema)));
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions };
  return `${print(withDirectives(document))}\n`;
}

function withDirectives(document: DocumentNode): DocumentNode {
  return visit(document, {
    Document: (node) => ({ ...node, definitions: [...node.definitions, ...parsed(oneOf)] }),
    SchemaDefinition: (node) => ({ ...node, directives: [link] }),
    ObjectTypeDefinition(node) {
      const { value: name } = node.name;
      const keys = entities[name]?.keys ?? [];
      const added = [...keys.map(key), ...(shared.has(name) ? [shareable] : [])];
      return added.length === 0 ? undefined : { ...node, directives: [...(node.directives ?? []), ...added] };
    },
  });
}

// Apollo's composition knows only directives that a subgraph defines, also of those that GraphQL itself has.
const oneOf = '"""Exactly one field of the input object is given."""\ndirective @oneOf on INPUT_OBJECT';

const parsed = (text: string) => parse(text, { noLocation: true }).definitions;

/** Returns a directive as it is written. */
function directive(text: string): ConstDirectiveNode {
  const [definition] = parsed(`scalar Any ${text}`);
  const [made] = definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [];
  if (!made) throw new Error(`Not a directive: ${text}`);
  return made;
}

const link = directive(`@link(url: "${specification}", import: ["@key", "@shareable"])`);
const shareable = directive('@shareable');
const key = (field: string) => directive(`@key(fields: "${field}")`);
