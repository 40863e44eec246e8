import fc from 'fast-check';
import { GraphQLError, OverlappingFieldsCanBeMergedRule, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createBudget } from '../../src/operations/budget.ts';
import { limits } from '../../src/operations/limits.ts';
import { createPrepare } from '../../src/operations/prepare.ts';
import { buildSchema } from '../../src/schema/schema.ts';

const schema = buildSchema();
const prepare = createPrepare(schema, { introspection: true, compileAfter: 2 });
const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

/** What is said of a document. */
function said(text: string): string[] {
  try {
    prepare({ query: text }, null);
    return [];
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    return errors.map((one) => (one instanceof GraphQLError ? one.message : String(one)));
  }
}

describe('a document that repeats its fields', () => {
  // So many fields of one name are so many pairs.
  const max = Math.floor((1 + Math.sqrt(1 + 8 * limits.samePairs)) / 2);

  test.each([
    ['beside each other', (count: number) => `{ viewer { ${times(count, () => 'kind')} } }`],
    ['in inline fragments', (count: number) => `{ viewer { ${times(count, () => '... { kind }')} } }`],
  ])('%s is refused when validation would compare them for long', (_, document) => {
    expect(said(document(Math.min(max, 140)))).toEqual([]);
    expect(said(document(max + 1))).toEqual([expect.stringMatching('pairs of fields of the same name')]);
  });

  test('is refused however the repetition is spread over levels and fragments', () => {
    expect(said(`{ ${times(740, () => 'viewer{kind}')} }`)).toHaveLength(1);
    expect(said(`{ ${times(40, () => `viewer { ${times(30, () => 'kind')} }`)} }`)).toHaveLength(1);
    const fragments = `${times(210, (n) => `...F${n}`)} } ${times(210, (n) => `fragment F${n} on Query { viewer { kind } }`)}`;
    expect(said(`{ ${fragments}`)).toHaveLength(1);
  });

  test('is not refused for what stands in different places', () => {
    expect(said(`{ ${times(50, (n) => `a${n}: viewer { kind scopes }`)} }`)).toEqual([]);
  });

  test('says of documents within the limits just what graphql-js says', () => {
    const field = fc.constantFrom('kind', 'scopes', 'a: kind', 'a: scopes', '... { kind }', '...A', '...B');
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 12 }), (fields) => {
        const text = `{ viewer { ${fields.join(' ')} ...A ...B } } fragment A on Viewer { kind a: kind } fragment B on Viewer { scopes }`;
        const expected = validate(schema, parse(text), [OverlappingFieldsCanBeMergedRule]);
        expect(said(text)).toEqual(expected.map(({ message }) => message));
      }),
    );
  });
});

describe('the operations of a batch', () => {
  test('share what a document may have', () => {
    const budget = createBudget();
    const half = `{ viewer { kind } } #${'x'.repeat(limits.document / 2)}`;
    prepare({ query: half }, null, { budget });
    expect(() => prepare({ query: half }, null, { budget })).toThrow('The documents of the batch are longer than');
  });

  test('share its tokens, those of documents that are known too', () => {
    const document = `mutation { createParticipant(input: { kind: PERSON, displayName: "x", agentIds: [${times(1_600, () => '"x"')}] }) { __typename } }`;
    prepare({ query: document }, null);
    const budget = createBudget();
    prepare({ query: document }, null, { budget });
    expect(() => prepare({ query: document }, null, { budget })).toThrow(/tokens/);
  });
});

describe('the operation of a document', () => {
  const two = 'query A { viewer { kind } } query B { agents { id } }';

  test('is named, or the only one', () => {
    expect(prepare({ query: two }, 'B').operation.name?.value).toBe('B');
    expect(prepare({ query: 'query A { viewer { kind } }' }, null).operation.name?.value).toBe('A');
    expect(prepare({ query: 'query A { viewer { kind } }' }, '').operation.name?.value).toBe('A');
  });

  test.each([null, ''])('is not to be told from several without a name (%j)', (name) => {
    expect(() => prepare({ query: two }, name)).toThrow('name the one to execute');
  });

  test('must exist', () => {
    expect(() => prepare({ query: two }, 'C')).toThrow('no operation named "C"');
  });
});

test('errors say where they lie, though the parser’s tokens are let go', () => {
  const text = '# a comment\n{\n  viewer {\n    kind\n    nothing\n  }\n}';
  try {
    prepare({ query: text }, null);
    expect.unreachable();
  } catch (error) {
    const [first] = (error as AggregateError).errors as GraphQLError[];
    expect(first?.locations).toEqual([{ line: 5, column: 5 }]);
  }
});
