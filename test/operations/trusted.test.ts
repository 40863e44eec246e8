import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBudget } from '../../src/operations/budget.ts';
import { createPrepare } from '../../src/operations/prepare.ts';
import type { DocumentRequest } from '../../src/operations/trusted.ts';
import { TrustedDocumentsError } from '../../src/operations/trusted.ts';
import { buildSchema } from '../../src/schema/schema.ts';

const schema = buildSchema();
const text = 'query Who { viewer { kind scopes } }';
const trusted = new Map([
  ['who', text],
  ['abc', 'query Agents { agents { id name } }'],
]);
const options = { introspection: true, compileAfter: 2, keptBytes: 2_000_000 };
const prepare = createPrepare(schema, { ...options, trusted });
const strict = createPrepare(schema, { ...options, trusted, trustedOnly: true });
const without = createPrepare(schema, options);
const sha256 = (query: string) => createHash('sha256').update(query).digest('hex');
const apollo = (sha256Hash: unknown, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash } });

/** The name of the operation that a request runs, or what is said of it. */
function outcome(request: DocumentRequest, by = prepare, anyDocument = false): string {
  try {
    return by(request, null, { anyDocument }).operation.name?.value ?? '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a trusted document', () => {
  test.each<[string, DocumentRequest]>([
    ['its id', { documentId: 'who' }],
    ['its id with the prefix', { documentId: 'sha256:who' }],
    ['a hash, as Apollo sends it', { extensions: apollo('who') }],
    ['a hash with the prefix, as the client preset makes it', { extensions: apollo('sha256:who') }],
    ['a hash without a version', { extensions: { persistedQuery: { sha256Hash: 'who' } } }],
    ['both', { documentId: 'who', extensions: apollo('who') }],
    ['its id, and an empty query as graphql-ws has it', { documentId: 'who', query: '' }],
    ['its id and its text', { documentId: 'who', query: text }],
    ['its id and its text written otherwise', { documentId: 'who', query: '#\nquery Who{viewer{scopes,kind}}' }],
  ])('is run by %s', (_, request) => {
    expect(outcome(request)).toBe('Who');
    expect(outcome(request, strict)).toBe('Who');
  });

  test('is not run with another text', () => {
    for (const query of [
      'query Who { viewer { kind } }',
      'query Who { viewer { kind scopes } } fragment',
      `${text} #${' '.repeat(64_000)}`,
    ]) {
      expect(outcome({ documentId: 'who', query })).toMatch('provided sha does not match query');
      expect(outcome({ documentId: 'who', query }, strict)).toMatch('Only trusted documents run here');
    }
  });

  test('is found without parsing, also after the texts of others have gone through the cache', () => {
    const parsed = prepare({ documentId: 'who' }, null);
    for (let index = 0; index < 2_000; index++) prepare({ query: `{ viewer { kind } } #${index}` }, null);
    expect(prepare({ documentId: 'who' }, null)).toBe(parsed);
  });

  test('keeps its document when its own compiled code is let go', () => {
    const many = new Map(Array.from({ length: 2_000 }, (_, index) => [`${index}`, `{ viewer { kind } } #${index}`]));
    const crowded = createPrepare(schema, { ...options, trusted: many });
    const first = crowded({ documentId: '0' }, null);
    for (const documentId of many.keys()) crowded({ documentId }, null);
    const again = crowded({ documentId: '0' }, null);
    expect(again).not.toBe(first);
    expect(again.document).toBe(first.document);
  });

  test('takes nothing from what the texts of a batch share', () => {
    const budget = createBudget();
    prepare({ documentId: 'who' }, null, { budget });
    expect(budget).toMatchObject({ operations: 1, characters: 0, tokens: 0 });
  });
});

describe('an unknown id', () => {
  test('is answered as Apollo’s clients expect', () => {
    for (const request of [{ documentId: 'x' }, { extensions: apollo('x') }, { extensions: apollo('x'), query: '' }]) {
      expect(outcome(request)).toBe('PersistedQueryNotFound');
      expect(outcome(request, strict)).toBe('PersistedQueryNotFound');
      expect(outcome(request, without)).toBe('PersistedQueryNotSupported');
    }
  });

  test('is no name that every object has', () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'size'])
      expect(outcome({ documentId: id, extensions: apollo(id) })).toBe('PersistedQueryNotFound');
  });

  test('with its text is run like the text alone, and trusted no more than that', () => {
    const query = 'query Mine { viewer { kind } }';
    const extensions = apollo(sha256(query));
    expect(outcome({ query, extensions })).toBe('Mine');
    expect(outcome({ query, extensions }, without)).toBe('Mine');
    expect(outcome({ extensions })).toBe('PersistedQueryNotFound');
    expect(outcome({ query: `${query} `, extensions })).toMatch('provided sha does not match query');
    expect(outcome({ query, extensions }, strict)).toMatch('Only trusted documents');
  });
});

describe('with trusted documents only', () => {
  test('a text is refused, also that of a trusted document', () => {
    for (const query of [text, '{ agents { id } }', '{', ''])
      expect(outcome({ query }, strict)).toMatch('Only trusted documents run here');
  });

  test('a page of this machine runs what it likes', () => {
    expect(outcome({ query: 'query Mine { viewer { kind } }' }, strict, true)).toBe('Mine');
  });
});

test('a malformed name of a document is refused in words', () => {
  const said = fc
    .sample(fc.jsonValue(), 500)
    .flatMap((value) => [
      outcome({ documentId: value }),
      outcome({ extensions: value }),
      outcome({ extensions: { persistedQuery: value } }),
      outcome({ extensions: apollo(value) }),
      outcome({ extensions: apollo('who', value) }),
      outcome({ query: value, documentId: 'abc' }),
    ]);
  expect([...new Set(said)].sort()).toEqual(
    expect.arrayContaining([
      'Must provide query string.',
      'The documentId must be a string.',
      'The query must be a string.',
      'Unsupported persisted query version.',
      'extensions.persistedQuery must have a sha256Hash that is a string.',
    ]),
  );
  expect(outcome({ documentId: 'who', extensions: apollo('abc') })).toMatch('name different documents');
});

test('all that is wrong with the documents is told at once', () => {
  const faulty = new Map([
    ['good', '{ viewer { kind } }'],
    ['unparsable', '{'],
    ['unknown', '{ nothing nobody }'],
    ['long', `{ viewer { kind } } #${'x'.repeat(64_000)}`],
    ['deep', `{ participants { bindings ${'{ participant { bindings '.repeat(10)} { id } ${'} }'.repeat(10)} } }`],
  ]);
  try {
    createPrepare(schema, { ...options, trusted: faulty });
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof TrustedDocumentsError)) throw error;
    expect(error.faults).toEqual([
      expect.stringMatching(/^unparsable: Syntax Error/),
      expect.stringMatching(/^unknown: Cannot query field "nothing"/),
      expect.stringMatching(/^unknown: Cannot query field "nobody"/),
      expect.stringMatching(/^long: The document is longer than 64000 characters/),
      expect.stringMatching(/^deep: /),
    ]);
  }
});
