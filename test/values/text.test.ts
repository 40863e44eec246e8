import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayName, isVisible, nameOrNull, text } from '../../src/values/text.ts';

const passes = (value: string) => displayName.safeParse(value).success;
const point = (code: number) => String.fromCodePoint(code);

describe('a name', () => {
  // Zero-width, word joiner, blank braille, Hangul fillers, overrides, controls, soft hyphen, variation selectors,
  // tags, combining marks.
  const unseen = [0x200b, 0x2060, 0x2800, 0x3164, 0x115f, 0x1160, 0xffa0, 0x202e, 0x1, 0x85, 0xad, 0x34f, 0x61c]
    .concat([0x180e, 0x200d, 0x200f, 0x2064, 0x2066, 0xfe0f, 0xfeff, 0xe0041, 0xe0100, 0x1d159, 0x1d173, 0x3000, 0x301])
    .map(point);

  test.each(unseen.map((character) => [character.codePointAt(0)?.toString(16), character]))(
    'of U+%s alone is blank',
    (_, character) => {
      expect(passes(character)).toBe(false);
      expect(passes(` ${character}${character} `)).toBe(false);
      expect(nameOrNull(character)).toBeNull();
    },
  );

  test('of anything that cannot be seen is blank', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...unseen, ' ', '\t'), { maxLength: 20 }), (parts) => {
        expect(passes(parts.join(''))).toBe(false);
        expect(nameOrNull(parts.join(''))).toBeNull();
      }),
    );
  });

  test.each([
    '👨‍👩‍👧‍👦',
    '🏳️‍🌈',
    '🇩🇪',
    '1️⃣',
    '❤️',
    'نیم‌فاصله',
    'ক্‍ষ',
    'กำ',
    '山田 太郎',
    'Ńģọ̈',
    'a',
    '.',
    'שלום\u200f',
    '\u2068أحمد\u2069 Khan',
    '\u202bשלום\u202c',
    '𝒜𝒹𝒶',
    '⠃⠗⠁⠊⠇⠇⠑',
  ])('stays: %s', (name) => {
    expect(displayName.parse(name)).toBe(name);
    expect(nameOrNull(name)).toBe(name);
  });

  test.each([
    'Ada\u0007',
    'A\u0000da',
    'A\nda',
    'A\tda',
    'A\u009fda',
    'Ada \u202egpj.exe',
    '\u2066Ada',
    'Ada\u2069',
    'Ada\u202c',
    '\u2066\u202bAda\u2069\u202c',
    'A\ud800',
  ])('is refused: %j', (name) => {
    expect(passes(name)).toBe(false);
  });

  test('of a provider loses what cannot stand here', () => {
    expect(nameOrNull('A\u0000d\na')).toBe('A d a');
    expect(nameOrNull('Ada \u202egpj.exe')).toBe('Ada gpj.exe');
    expect(nameOrNull(`\u202e${'x'.repeat(200)}`)).toBe('x'.repeat(149));
    expect(nameOrNull('\ud800Ada')).toBe('Ada');
  });

  test('that a provider gives is one that may be given, or none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (given) => {
        const name = nameOrNull(given);
        if (name !== null) expect(displayName.parse(name)).toBe(name);
        else expect(isVisible(given.replaceAll(/\p{Cc}/gu, ' '))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('text of several lines may have tabs and line ends, and no other controls', () => {
  const lines = text(0, 100, { lines: true });
  expect(lines.safeParse('one\r\n\ttwo').success).toBe(true);
  for (const control of ['\u0000', '\u0008', '\u000b', '\u001b', '\u007f', '\u0085'])
    expect(lines.safeParse(`a${control}`).success).toBe(false);
  expect(text(0, 100).safeParse('one\ntwo').success).toBe(false);
});
