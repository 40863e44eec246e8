import type { CodegenConfig } from '@graphql-codegen/cli';

// Typed documents for a front end. Copy this file beside your package.json, with schema.graphql, and install
// @graphql-codegen/cli, @graphql-codegen/client-preset and graphql. Then `npx graphql-codegen` writes src/graphql/.
const config: CodegenConfig = {
  // Or the address of a running service with INTROSPECTION=on.
  schema: 'schema.graphql',
  documents: ['src/**/*.graphql', 'src/**/*.{ts,tsx}', '!src/graphql/**'],
  ignoreNoDocuments: true,
  generates: {
    'src/graphql/': {
      preset: 'client',
      // Also writes src/graphql/persisted-documents.json, for the service's TRUSTED_DOCUMENTS. Apollo's clients hash by
      // SHA-256.
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        // What JSON carries for each scalar of the schema.
        scalars: {
          DateTime: 'string',
          EmailAddress: 'string',
          URL: 'string',
          JSON: 'unknown',
          JSONObject: 'Record<string, unknown>',
          File: 'File',
        },
      },
    },
  },
};

export default config;
