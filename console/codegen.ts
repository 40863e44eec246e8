import type { CodegenConfig } from '@graphql-codegen/cli';

/** The console’s typed documents. An operation stands in a `.graphql` file beside the part that needs it. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['console/src/**/*.graphql'],
  importExtension: '.ts',
  generates: {
    'console/src/graph/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: { unmaskFunctionName: 'readFragment' } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        skipTypename: true,
        strictScalars: true,
        scalars: {
          DateTime: 'string',
          EmailAddress: 'string',
          URL: 'string',
          JSON: 'unknown',
          JSONObject: 'Record<string, unknown>',
          File: 'Blob',
        },
      },
    },
  },
};

export default config;
