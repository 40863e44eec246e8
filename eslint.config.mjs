// The rules of the schema's design. Biome checks the code, and graphql-js the validity of what it prints.
import graphql from '@graphql-eslint/eslint-plugin';

const rules = {
  // The REST systems spell these identifiers so.
  'naming-convention': {
    types: 'PascalCase',
    FieldDefinition: { style: 'camelCase', forbiddenPrefixes: ['get', 'query', 'list'] },
    InputValueDefinition: 'camelCase',
    Argument: 'camelCase',
    DirectiveDefinition: 'camelCase',
    EnumValueDefinition: { style: 'UPPER_CASE', ignorePattern: '^(emailaddress|fkid|phonenumber)$' },
  },
  'no-scalar-result-type-on-mutation': null,
  'no-unreachable-types': null,
  'relay-arguments': null,
  'relay-connection-types': null,
  'relay-edge-types': { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  'relay-page-info': null,
  'require-deprecation-reason': null,
  'require-description': {
    types: true,
    FieldDefinition: true,
    InputValueDefinition: true,
    EnumValueDefinition: true,
    DirectiveDefinition: true,
  },
  'require-nullable-fields-with-oneof': null,
};

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    rules: Object.fromEntries(
      Object.entries(rules).map(([name, options]) => [
        `@graphql-eslint/${name}`,
        options ? ['error', options] : 'error',
      ]),
    ),
  },
];
