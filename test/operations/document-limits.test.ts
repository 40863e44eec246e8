import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { documentErrors } from '../../src/operations/document-limits.ts';
import { limits } from '../../src/operations/limits.ts';

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => part(n)).join(' ');
const messages = (text: string) => documentErrors(parse(text)).map(({ message }) => message);
const pairs = [`The document has more than ${limits.samePairs} pairs of fields of the same name.`];
const fields = [`The document has more than ${limits.fields} fields, fragments written out.`];

describe('before it is validated a document is refused', () => {
  // n (n - 1) / 2 pairs.
  const max = Math.floor((1 + Math.sqrt(1 + 8 * limits.samePairs)) / 2);

  test.each([
    ['in one object', (count: number) => `{ viewer { ${times(count, () => 'kind')} } }`],
    ['in inline fragments', (count: number) => `{ viewer { ${times(count, () => '... { kind }')} } }`],
    [
      'in fragments',
      (count: number) =>
        `{ viewer { ${times(count, (n) => `...F${n}`)} } } ${times(count, (n) => `fragment F${n} on Viewer { kind }`)}`,
    ],
    ['in introspection', (count: number) => `{ __schema { ${times(count, () => 'description')} } }`],
    ['in objects that are merged', (count: number) => `{ ${times(count / 2, () => 'viewer { kind kind }')} }`],
  ])('that repeats a field %s', (_, document) => {
    expect(messages(document(max * 2))).toEqual(pairs);
    expect(messages(document(max / 2))).toEqual([]);
  });

  test('whose fragments become many fields', () => {
    const level = (n: number) => `fragment F${n} on Agent { ${times(4, (m) => `a${m}: agent { ...F${n + 1} }`)} }`;
    const document = (levels: number) =>
      `{ agents { ...F0 } } ${times(levels, level)} fragment F${levels} on Agent { id name }`;
    expect(messages(document(4))).toEqual([]);
    expect(messages(document(10))).toEqual(fields);
  });

  test('in time that does not grow with how often fragments spread each other, in circles or not', () => {
    const doubling = times(200, (n) => `fragment F${n} on Viewer { viewer { ...F${n + 1} } ...F${n + 1} }`);
    expect(messages(`{ ...F0 } ${doubling} fragment F200 on Viewer { kind }`)).toHaveLength(1);
    expect(
      messages('{ ...A } fragment A on Query { viewer { ...B } } fragment B on Query { viewer { ...A } }'),
    ).toEqual([]);
  });
});
