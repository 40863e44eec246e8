import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

/**
 * The client’s typed documents. A front end with operations of its own copies this file: the parts of the package that
 * are written by hand need no more of it than the enum of error codes.
 */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['packages/client/src/operations/*.graphql'],
  importExtension: '.ts',
  generates: {
    'packages/client/src/generated/': {
      preset: 'client',
      // Normalising caches need it of events, too, which do not come through their clients.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      // A component takes a fragment’s type as it is: masks are a choice of the front end.
      // Also writes persisted-documents.json, for the service's TRUSTED_DOCUMENTS.
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        useTypeImports: true,
        // Objects beside the types: an answer’s code is compared with those that this version knows.
        enumType: 'const',
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
