import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { fitsProvider, identityKey } from '../../src/providers/address.ts';
import { dataOf, startApp, type TestApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';

const text = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const word = `${upper}${upper.toLowerCase()}_`;
const big = (min: bigint, max: bigint) => fc.bigInt({ min, max }).map(String);
const guid = fc.uuid();
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));
const letter = fc.constantFrom(...'abcXYZ');

/** Addresses as the providers' documentation has them. */
const good: Record<string, fc.Arbitrary<string>> = {
  slack: joined(fc.constantFrom(...'UWCGD'), text(upper, 2, 20)),
  teams: fc.oneof(
    guid,
    guid.map((id) => id.toUpperCase()),
    joined(text("abcXYZ019'._!#^~-", 1, 64), fc.constant('@'), letter, fc.constant('.example.com')),
    joined(fc.constantFrom('29:', 'a:'), text(`${word}-`, 10, 150)),
    joined(
      fc.constant('19:'),
      text(`${word}-`, 1, 100),
      fc.constantFrom('@thread.tacv2', '@thread.v2', '@thread.skype', '@unq.gbl.spaces'),
    ),
  ),
  telegram: fc.oneof(
    big(1n, 2n ** 40n - 1n),
    big(-999_999_999_999n, -1n),
    big(-4_000_000_000_000n, -1_000_000_000_001n),
    fc.constantFrom(String(2n ** 52n - 1n), String(1n - 2n ** 52n)),
    joined(fc.constant('@'), letter, text(word, 3, 31)),
  ),
  discord: fc.oneof(big(10n ** 16n, 2n ** 64n - 1n), fc.constant(String(2n ** 64n - 1n))),
  email: fc.emailAddress(),
  sms: fc.integer({ min: 0, max: 9_999 }).map((line) => `+1 (415) 555-${String(line).padStart(4, '0')}`),
  voice: fc.constantFrom('+442079460000', '0044 20 7946 0000'),
  whatsapp: fc.constantFrom('+14155550101', '14155550101', '442079460000'),
};

/** Addresses that look like the provider's and are none. */
const bad: Record<string, readonly string[]> = {
  slack: [
    '',
    'U',
    'U1',
    'u024be7lh',
    'B024BE7LH',
    'S024BE7LH',
    'U024BE7L!',
    ' U024BE7LH',
    'U024BE7LH\n',
    '#general',
    '@ada',
  ],
  teams: [
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'a da@example.com',
    '29:',
    '29:short',
    '28:0123456789abc',
    '19:@thread.tacv2',
  ]
    .concat([
      '19:abc@thread.example',
      '19:abc@thread.tacv2;messageid=1',
      '0198f000-0000-7000-8000-00000000000',
      `${'x'.repeat(65)}@example.com`,
    ])
    .concat(['ada@example.com\n', '0198f00000007000800000000000000000']),
  telegram: [
    '',
    '0',
    '-0',
    '00',
    '012345',
    '+12345',
    '-',
    String(2n ** 52n),
    String(-(2n ** 52n)),
    '1'.repeat(20),
    '1e5',
    '12.5',
    '١٢٣٤٥',
  ].concat([
    'ada_lovelace',
    '@ada',
    '@1abcd',
    '@_abcd',
    '@ada-lovelace',
    `@${'a'.repeat(33)}`,
    '@ada_lovelace\n',
    '12345\n',
  ]),
  discord: [
    '',
    '1234567890123456',
    '00000000000000001',
    '01234567890123456',
    String(2n ** 64n),
    '9'.repeat(20),
    '9'.repeat(21),
  ].concat(['-266241948824764416', '٢٦٦٢٤١٩٤٨٨٢٤٧٦٤٤١٦', 'ada#0001', '266241948824764416\n']),
  email: ['', 'ada', 'ada@', '@example.com', 'a b@example.com', 'ada@example.com ', 'ada@-example.com'],
  sms: ['', '4155550101', '010', '+1', 'a telephone no', '+1415555010155555', '+14155550101;ext=5', 'ada@example.com'],
  voice: ['010', '+999999999999999999'],
  whatsapp: ['', '123', 'ada', '4155550101x'],
};

describe('the form of an address', () => {
  test.each(Object.keys(good))('%s', (provider) => {
    fc.assert(fc.property(good[provider]!, (address) => fitsProvider(provider, address)));
    for (const address of bad[provider]!) expect([address, fitsProvider(provider, address)]).toEqual([address, false]);
  });

  test('is free for every unknown provider', () => {
    for (const provider of ['pigeon', 'constructor', 'valueof']) {
      expect(fitsProvider(provider, 'coop 3')).toBe(true);
      expect(identityKey(provider, 'coop 3')).toBeNull();
    }
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(good)),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        (provider, address) => {
          expect(typeof fitsProvider(provider, address)).toBe('boolean');
          const key = identityKey(provider, address);
          if (key !== null) expect(key.length).toBeLessThanOrEqual(320);
        },
      ),
    );
  });

  test('of WhatsApp is a number with or without the plus, and the same identity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_000_000, max: 9_999_999 }), (line) => {
        const number = `+1415${line}`;
        expect(identityKey('whatsapp', number.slice(1))).toBe(identityKey('sms', number));
      }),
    );
  });
});

describe('a stored address', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startApp();
  });
  afterAll(() => service.close());

  // What the migrations say of the rows that were there before them, one after the other.
  const recomputations = readdirSync('prisma/migrations', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFileSync(`prisma/migrations/${name}/migration.sql`, 'utf8'))
    .flatMap((sql) => sql.match(/^UPDATE "channel" SET "address_valid"[^;]*;/gm) ?? []);
  const unchanged = new Set(['email', 'sms', 'voice', 'whatsapp']);

  test.each(Object.keys(good).filter((provider) => !unchanged.has(provider)))(
    'of %s is looked at again when its form has changed',
    async (provider) => {
      const { tenant } = service;
      const { prisma } = service.app.database;
      const participantId = await createParticipant(tenant);
      const config = await createConfig(tenant, provider);
      const addresses = [
        ...new Set([...fc.sample(good[provider]!, 40), ...bad[provider]!.filter((address) => address !== '')]),
      ];
      await prisma.channel.createMany({
        data: addresses.map((address, index) => ({
          tenantId: tenant.id,
          id: newId(),
          participantId,
          integrationConfigId: config,
          provider,
          address,
          // As other forms may have left it.
          addressValid: index % 2 === 0,
        })),
      });
      // Of this tenant only: other tests may use the same database.
      for (const sql of recomputations)
        await prisma.$executeRawUnsafe(sql.replace(/^WHERE /m, `WHERE "tenant_id" = '${tenant.id}' AND `));
      const rows = await prisma.channel.findMany({ where: { tenantId: tenant.id, participantId } });
      expect(rows).toHaveLength(addresses.length);
      for (const { address, addressValid } of rows)
        expect([address, addressValid]).toEqual([address, fitsProvider(provider, address)]);
    },
  );

  test('of a provider with the name of something else is stored', async () => {
    const { tenant } = service;
    const config = await createConfig(tenant, 'constructor');
    const id = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address: 'anything' }] });
    const { participant } = dataOf(await tenant.graphql(`{ participant(id: "${id}") { health { reachable } } }`));
    expect(participant.health.reachable).toBe(true);
  });
});
