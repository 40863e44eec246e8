import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressColumns, addressKey, fitsProvider, identityKey } from '../../src/providers/address.ts';
import { number } from './numbers.ts';

describe('SMS', () => {
  test.each(['68849', '247', '123456', '６８８４９', 'ACME', 'Rollcall', 'My Bank 24', 'H&M', 'A1'])(
    'takes %s, which is nobody',
    (address) => {
      for (const region of [null, 'US', 'DE']) {
        expect(fitsProvider('sms', address, region)).toBe(true);
        expect(identityKey('sms', address, region)).toBeNull();
      }
      expect(fitsProvider('voice', address)).toBe(false);
    },
  );

  test.each(['TWELVELETTER', '12', '0123', '<script>', 'a@b'])('takes no %s', (address) => {
    expect(fitsProvider('sms', address)).toBe(false);
  });

  test('compares senders’ names without case', () => {
    expect(addressKey('sms', 'ACME')).toBe(addressKey('sms', 'Acme '));
  });
});

describe('WhatsApp', () => {
  test.each([
    ['154417159582282@lid', '154417159582282@lid'],
    ['154417159582282:31@lid', '154417159582282@lid'],
    ['14155550101@lid', '14155550101@lid'],
    ['120363025246125486@g.us', '120363025246125486@g.us'],
    ['5511999999999-1423456789@g.us', '5511999999999-1423456789@g.us'],
    ['120363144038483540@newsletter', '120363144038483540@newsletter'],
    ['status@broadcast', 'status@broadcast'],
    ['14155550101@broadcast', '14155550101@broadcast'],
    ['US.13491208655302741918', 'US.13491208655302741918'],
    ['US.ENT.11815799212886844830', 'US.ENT.11815799212886844830'],
    ['whatsapp:US.13491208655302741918', 'US.13491208655302741918'],
    ['BR.aB3', 'BR.aB3'],
    ['in.13491208655302741918', 'IN.13491208655302741918'],
    ['154417159582282:31@hosted.lid', '154417159582282@hosted.lid'],
    ['STATUS@BROADCAST', 'status@broadcast'],
    ['120363025246125486@NEWSLETTER', '120363025246125486@newsletter'],
  ])('takes %s, which is nobody’s telephone', (address, key) => {
    expect(fitsProvider('whatsapp', address)).toBe(true);
    expect(identityKey('whatsapp', address)).toBeNull();
    expect(addressKey('whatsapp', address)).toBe(key);
  });

  test.each([
    '14155550101',
    '14155550101@s.whatsapp.net',
    '14155550101:7@s.whatsapp.net',
    '14155550101_1:7@s.whatsapp.net',
    '14155550101.1:7@s.whatsapp.net',
    '14155550101:99@hosted',
    '+14155550101@c.us',
    '١٤١٥٥٥٥٠١٠١@s.whatsapp.net',
    '14155550101＠s.whatsapp.net',
    '\u200e14155550101@S.WHATSAPP.NET',
  ])('%s is a telephone', (address) => {
    expect(addressKey('whatsapp', address)).toBe('+14155550101');
    expect(identityKey('whatsapp', address)).toBe('+14155550101');
  });

  test.each([
    '14155550101@C.US',
    '14155550101:7@c.us',
    'whatsapp:+14155550101',
    'whatsapp: 14155550101',
    '0014155550101',
    '+1 (415) 555-0101',
  ])('%s is the same telephone', (address) => {
    expect(identityKey('whatsapp', address)).toBe('+14155550101');
    expect(fitsProvider('whatsapp', address)).toBe(true);
  });

  test.each(['22507123456', '22507123456@s.whatsapp.net', '5215512345678', '99912345678'])(
    'has an id even where the numbering plan does not have it: %s',
    (address) => {
      expect(fitsProvider('whatsapp', address)).toBe(true);
      expect(identityKey('whatsapp', address)).toMatch(/^\+\d+$/);
    },
  );

  test.each([
    'ada@s.whatsapp.net',
    'ad.min',
    '14155550101@s.whatsapp.net.example.com',
    '14155550101@s.whatsapp.net@lid',
    '1 415 555 0101@s.whatsapp.net',
    '123@s.whatsapp.net',
    '@lid',
    'x@lid',
    '1@example.com',
    'US.',
    'USA.123',
    `US.${'1'.repeat(129)}`,
    'US.1-2',
  ])('takes no %s', (address) => {
    expect(fitsProvider('whatsapp', address)).toBe(false);
    expect(identityKey('whatsapp', address)).toBeNull();
  });
});

describe('e-mail', () => {
  test.each([
    'Ada@Example.com',
    ' ada@example.com',
    'Ada <ada@example.com>',
    '"Lovelace, Ada" <ADA@example.com>',
    '<ada@example.com>',
    'mailto:ada@example.com',
    'mailto:ada%40example.com?subject=Hello',
    'ada@example.com (Ada)',
    'Ada <ada@example.com> (at work)',
    '"Ada <home>" <ada@example.com>',
    '"eve@example.com" <ada@example.com>',
    'ada＠example.com',
    '\u200bada@example.com\ufeff',
  ])('%j is ada’s', (address) => {
    expect(identityKey('email', address)).toBe('ada@example.com');
  });

  test('has one key for a domain’s two spellings', () => {
    expect(identityKey('email', 'ada@bücher.example')).toBe('ada@xn--bcher-kva.example');
    expect(identityKey('email', 'Ada@BÜCHER.example')).toBe(identityKey('email', 'ada@XN--BCHER-KVA.example'));
    expect(fitsProvider('email', 'ada@bücher.example')).toBe(true);
  });

  test('keeps its dots', () => {
    expect(identityKey('email', 'a.da@gmail.com')).not.toBe(identityKey('email', 'ada@gmail.com'));
  });

  test.each([
    'Ada',
    'Ada <ada>',
    'ada@example.com.',
    'ada@example.com;',
    'Ada <ada@example.com>, Bob <bob@example.com>',
    '<ada@example.com> <bob@example.com>',
    'ada@bücher example',
    'a da@example.com',
  ])('takes no %j', (address) => {
    expect(fitsProvider('email', address)).toBe(false);
    expect(identityKey('email', address)).toBeNull();
  });
});

test.each([
  ['teams', '0198F000-0000-7000-8000-00000000ABCD', '0198f000-0000-7000-8000-00000000abcd'],
  ['teams', '8:orgid:0198F000-0000-7000-8000-00000000ABCD', '0198f000-0000-7000-8000-00000000abcd'],
  ['teams', 'Ada_example.com#EXT#@Contoso.onmicrosoft.com', 'ada_example.com#ext#@contoso.onmicrosoft.com'],
  ['teams', 'Ada.Lovelace@Example.com', 'ada.lovelace@example.com'],
  ['telegram', '@Ada_Lovelace', '@ada_lovelace'],
  ['slack', ' U024BE7LH ', 'U024BE7LH'],
])('%s compares %s without what does not count', (provider, address, key) => {
  expect(addressKey(provider, address)).toBe(key);
  expect(addressKey(provider, key)).toBe(key);
});

test.each([
  ['teams', '29:1bSnHZ7Js2STWrgk6ScEErLk1Lp2zQuD5H2qQ'],
  ['teams', '19:AbC@thread.tacv2'],
  ['pigeon', ' Coop 3'],
  ['whatsapp', 'US.aB3'],
])('%s compares %s as it is', (provider, address) => {
  expect(addressKey(provider, address)).toBe(address);
  expect(addressColumns(provider, address, null)).toEqual({ identityKey: null, addressKey: null });
});

test('a key is its own key, for every provider and address', () => {
  const address = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    number,
    number.map((it) => `${it.slice(1)}:3@s.whatsapp.net`),
    fc.emailAddress(),
    fc.uuid().map((id) => id.toUpperCase()),
  );
  const provider = fc.constantFrom(
    'slack',
    'teams',
    'telegram',
    'discord',
    'email',
    'sms',
    'voice',
    'whatsapp',
    'pigeon',
  );
  fc.assert(
    fc.property(provider, address, fc.constantFrom(null, 'US', 'DE'), (name, given, region) => {
      const key = addressKey(name, given, region);
      expect([given, addressKey(name, key, region)]).toEqual([given, key]);
      const { identityKey: identity, addressKey: own } = addressColumns(name, given, region);
      expect(own ?? identity ?? given).toBe(key);
    }),
    { numRuns: 2_000 },
  );
});
