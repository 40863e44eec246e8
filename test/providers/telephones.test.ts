import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sql } from '../../src/database/sql/fragment.ts';
import { telephoneKeySql } from '../../src/external-users/identifiers.ts';
import { fitsProvider, identityKey } from '../../src/providers/address.ts';
import { telephoneKey, toE164 } from '../../src/values/phone-number.ts';
import { number } from './numbers.ts';

/** Spellings of one telephone, its number as it is dialled today (of several, the first), and its key. */
const variants: [country: string, spellings: string[], key: string][] = [
  ['Mexico', ['+525512345678', '+5215512345678', '+52 1 55 1234 5678', '+52 044 55 1234 5678'], '+525512345678'],
  [
    'Argentina, Buenos Aires',
    ['+5491123456789', '+541123456789', '+54 9 11 2345-6789', '+54 11 15 2345-6789'],
    '+541123456789',
  ],
  ['Argentina, Córdoba', ['+5493511234567', '+543511234567'], '+543511234567'],
  ['Brazil, Belo Horizonte', ['+5531988888888', '+553188888888', '+55 (31) 8888-8888'], '+5531988888888'],
  ['Brazil, São Paulo', ['+5511976543210', '+551176543210'], '+5511976543210'],
  ['Côte d’Ivoire, Orange', ['+2250707123456', '+22507123456'], '+2250707123456'],
  ['Côte d’Ivoire, MTN', ['+2250505123456', '+22505123456'], '+2250505123456'],
  ['Côte d’Ivoire, Moov', ['+2250101123456', '+22501123456'], '+2250101123456'],
  ['Benin', ['+2290197123456', '+22997123456'], '+2290197123456'],
  ['Vietnam, Viettel', ['+84321234567', '+841621234567'], '+84321234567'],
  ['Vietnam, MobiFone', ['+84701234567', '+841201234567'], '+84701234567'],
];

describe('one telephone', () => {
  test.each(variants)('of %s has one key', (_, spellings, key) => {
    for (const spelling of spellings) {
      expect([spelling, identityKey('sms', spelling)]).toEqual([spelling, key]);
      expect([spelling, fitsProvider('voice', spelling)]).toEqual([spelling, true]);
    }
    const [today = ''] = spellings;
    expect(toE164(today)).toBe(today);
    for (const spelling of spellings.filter((number) => /^\+\d+$/.test(number))) {
      const bare = spelling.slice(1);
      for (const id of [
        bare,
        spelling,
        `${bare}@s.whatsapp.net`,
        `${bare}:12@s.whatsapp.net`,
        `${bare}@c.us`,
        `whatsapp:${spelling}`,
      ])
        expect([id, identityKey('whatsapp', id), fitsProvider('whatsapp', id)]).toEqual([id, key, true]);
    }
  });

  test('of Brazil, Mexico, Benin, Côte d’Ivoire and Vietnam is stored as it is dialled today', () => {
    for (const [country, [today = '', ...others]] of variants)
      if (!country.startsWith('Argentina')) for (const other of others) expect(toE164(other)).toBe(today);
    // Whether it is a mobile is not to be seen: nothing is added.
    expect(toE164('+541123456789')).toBe('+541123456789');
    expect(toE164('+54 9 11 2345-6789')).toBe('+5491123456789');
  });

  test('never is a landline with a digit more', () => {
    expect(identityKey('sms', '+551133334444')).toBe('+551133334444');
    expect(identityKey('sms', '+5511933334444')).toBe('+5511933334444');
    expect(identityKey('sms', '+2252720123456')).toBe('+2252720123456');
  });
});

const scripts = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7f6, 0x1e950];

describe('a telephone’s key', () => {
  test('is its own key, and is made alike in SQL', () => {
    fc.assert(
      fc.property(number, (given) => {
        const key = telephoneKey(given);
        expect(telephoneKey(key)).toBe(key);
        expect(identityKey('sms', key)).toBe(key);
        expect(telephoneKey(toE164(given) as string)).toBe(key);
      }),
    );
    expect(telephoneKeySql(sql`x`).nodes.join('')).toBe("regexp_replace(x, '^\\+549([0-9]{10})$', '+54\\1')");
  });

  test('is another for another telephone', () => {
    fc.assert(
      fc.property(number, number, (one, other) => {
        fc.pre(one !== other);
        expect(telephoneKey(one)).not.toBe(telephoneKey(other));
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not depend on how the digits are written', () => {
    fc.assert(
      fc.property(
        number,
        fc.constantFrom(...scripts),
        fc.constantFrom('', ' ', '-', '.', '\u00a0', '\u2011', ' / '),
        fc.constantFrom('+', '00', '＋', 'tel:+', 'SMS:+', 'whatsapp:+', '\u202a+', ' +'),
        (given, zero, between, plus) => {
          const digits = [...given.slice(1)].map((one) => String.fromCodePoint(zero + Number(one)));
          const spelled = `${plus}${digits.slice(0, 5).join('')}${between}${digits.slice(5).join('')}`;
          expect([spelled, toE164(spelled)]).toEqual([spelled, given]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test.each([
  'ada+14155550101@example.com',
  'sip:+14155550101@example.com',
  'sip:+14155550101',
  'call +14155550101 now',
  '+14155550101, +14155550102',
  '+14155550101 ext. 5',
  '+14155550101;ext=5',
  'tel:+14155550101;phone-context=example.com',
  'sms:+14155550101?body=hello',
  '+1415555010a',
  '++14155550101',
  '1+4155550101',
  'https://wa.me/14155550101',
  '4155550101',
  '',
  '+',
  '00',
])('%j is no telephone number', (value) => {
  expect(toE164(value)).toBeNull();
  expect(identityKey('sms', value)).toBeNull();
  expect(identityKey('voice', value)).toBeNull();
});

describe('a number without a plus', () => {
  test.each([
    ['US', '4155550101', '+14155550101'],
    ['US', '(415) 555-0101', '+14155550101'],
    ['GB', '020 7946 0000', '+442079460000'],
    ['DE', '030 123456', '+4930123456'],
    ['AR', '011 15-2345-6789', '+541123456789'],
    ['BR', '(31) 8888-8888', '+5531988888888'],
    ['US', '+442079460000', '+442079460000'],
    // Numbers of before, as they were dialled in the country, and as WhatsApp has them.
    ['MX', '1 55 1234 5678', '+525512345678'],
    ['MX', '044 55 1234 5678', '+525512345678'],
    ['MX', '5215512345678', '+525512345678'],
    ['CI', '07 12 34 56', '+2250707123456'],
    ['BJ', '97 12 34 56', '+2290197123456'],
    ['VN', '0120 123 4567', '+84701234567'],
    ['BR', '11 3333 4444', '+551133334444'],
    ['IN', '०98765 43210', '+919876543210'],
    ['EG', '٠١٠٠١٢٣٤٥٦٧', '+201001234567'],
    ['US', '011 44 20 7946 0000', '+442079460000'],
    ['US', 'tel:4155550101', '+14155550101'],
  ])('is one of %s: %s', (region, address, key) => {
    expect(identityKey('sms', address, region)).toBe(key);
    expect(fitsProvider('voice', address, region)).toBe(true);
  });

  test('is none without a region, and none that the region cannot have', () => {
    expect(fitsProvider('sms', '4155550101')).toBe(false);
    expect(fitsProvider('voice', '555', 'US')).toBe(false);
    expect(fitsProvider('sms', '4155550101', 'XX')).toBe(false);
  });
});
