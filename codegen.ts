import type { CodegenConfig } from '@graphql-codegen/cli';

// Typed documents for clients: what a front end would generate for itself, and what the tests use.
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['test/graph/operations/*.graphql'],
  importExtension: '.ts',
  generates: {
    'test/graph/generated/': {
      preset: 'client',
      // Also writes persisted-documents.json, the map that TRUSTED_DOCUMENTS takes.
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
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
