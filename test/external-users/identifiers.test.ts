import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identifier } from '../../src/external-users/identifiers.ts';
import { identityKey } from '../../src/providers/address.ts';

const normalised = (key: 'emailaddress' | 'phonenumber' | 'fkid', value: string) =>
  identifier(key, value, ['value']).value;

describe('an identifier', () => {
  // National numbers of the North American plan that are possible, cut as people write them.
  const number = fc.tuple(
    fc.integer({ min: 200, max: 999 }),
    fc.integer({ min: 200, max: 999 }),
    fc.integer({ min: 0, max: 9999 }),
  );
  const spelling = fc.constantFrom(
    (a: string, b: string, c: string) => `+1${a}${b}${c}`,
    (a: string, b: string, c: string) => `+1 (${a}) ${b}-${c}`,
    (a: string, b: string, c: string) => ` 001 ${a} ${b} ${c} `,
    (a: string, b: string, c: string) => `+1.${a}.${b}.${c}`,
  );

  test('that is a telephone number is one E.164 however it is spelled, also as a channel’s address', () => {
    fc.assert(
      fc.property(number, spelling, spelling, ([area, exchange, line], one, other) => {
        const parts = [String(area), String(exchange), String(line).padStart(4, '0')] as const;
        const e164 = `+1${parts.join('')}`;
        expect(normalised('phonenumber', one(...parts))).toBe(e164);
        expect(normalised('phonenumber', normalised('phonenumber', other(...parts)))).toBe(e164);
        for (const provider of ['sms', 'voice', 'whatsapp']) expect(identityKey(provider, other(...parts))).toBe(e164);
      }),
    );
  });

  test('that is an e-mail address keeps its spelling, and its channel’s key has none', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        expect(normalised('emailaddress', `  ${email} `)).toBe(email);
        expect(identityKey('email', email.toUpperCase())).toBe(email.toLowerCase());
      }),
    );
  });

  test('that is a foreign key is kept to the last blank, or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (key) => {
        const length = [...key].length;
        const isText = !/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(key);
        if (length === 0 || length > 255 || !isText) expect(() => normalised('fkid', key)).toThrow();
        else expect(normalised('fkid', key)).toBe(key);
      }),
    );
  });

  test('never gets in as anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (anything) => {
        try {
          expect(normalised('phonenumber', anything)).toMatch(/^\+[1-9]\d{1,14}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: ['value'] }] });
        }
      }),
    );
  });
});
