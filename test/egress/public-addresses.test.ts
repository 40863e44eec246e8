import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../src/egress/download.ts';

// From IANA's registries of special-purpose addresses, and what wraps an IPv4 address in an IPv6 one.
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
];
const special6: [string, bigint, number][] = [
  ['unspecified', 0n, 128],
  ['loopback', 1n, 128],
  ['IPv4-compatible', 0n, 96],
  ['IPv4-mapped', 0xffffn << 32n, 96],
  ['IPv4-translated', 0xffff_0000n << 32n, 96],
  ['NAT64', 0x64_ff9bn << 96n, 96],
  ['local NAT64', 0x64_ff9b_0001n << 80n, 48],
  ['discard-only', 0x100n << 112n, 64],
  ['Teredo', 0x2001n << 112n, 32],
  ['protocol assignments', 0x2001n << 112n, 23],
  ['documentation', 0x2001_0db8n << 96n, 32],
  ['documentation, the newer', 0x3fff_0n << 108n, 20],
  ['6to4', 0x2002n << 112n, 16],
  ['segment routing', 0x5f00n << 112n, 16],
  ['unique local', 0xfcn << 120n, 7],
  ['link-local', 0xfe8n << 116n, 10],
  ['site-local', 0xfecn << 116n, 10],
  ['multicast', 0xffn << 120n, 8],
  ['not yet assigned', 0x4n << 124n, 3],
];

const number4 = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const text4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const text6 = (value: bigint) =>
  Array.from({ length: 8 }, (_, group) => ((value >> BigInt(112 - 16 * group)) & 0xffffn).toString(16)).join(':');
const range4 = (cidr: string): [number, number] => {
  const [base = '', bits] = cidr.split('/');
  return [number4(base), number4(base) + 2 ** (32 - Number(bits)) - 1];
};
const anyNumber = fc.integer({ min: 0, max: 0xffff_ffff });
const inAnySpecial4 = (value: number) => special4.some((cidr) => value >= range4(cidr)[0] && value <= range4(cidr)[1]);

describe('public is', () => {
  test.each(special4)('no address of %s', (cidr) => {
    const [min, max] = range4(cidr);
    const inside = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
    fc.assert(fc.property(inside, (value) => !isPublicAddress(text4(value))));
  });

  test('every other IPv4 address', () => {
    const neighbours = special4
      .flatMap((cidr) => [range4(cidr)[0] - 1, range4(cidr)[1] + 1])
      .filter((value) => value > 0 && value < 2 ** 32);
    const outside = fc.oneof(anyNumber, fc.constantFrom(...neighbours)).filter((value) => !inAnySpecial4(value));
    fc.assert(
      fc.property(outside, (value) => isPublicAddress(text4(value))),
      { numRuns: 500 },
    );
  });

  test.each(special6)('no IPv6 address that is %s', (_, base, bits) => {
    const inside = fc.bigInt({ min: 0n, max: (1n << BigInt(128 - bits)) - 1n }).map((host) => text6(base + host));
    fc.assert(fc.property(inside, (address) => !isPublicAddress(address)));
  });

  test('no IPv4 address inside an IPv6 one, in any notation', () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        const dotted = text4(value);
        for (const wrapped of [`::ffff:${dotted}`, `::${dotted}`, `64:ff9b::${dotted}`, `::ffff:0:${dotted}`]) {
          expect(isPublicAddress(wrapped)).toBe(false);
        }
        const groups = text6(BigInt(value)).split(':').slice(-2).join(':');
        for (const wrapped of [`2002:${groups}::1`, `2001:0:${groups}::`, `::ffff:${groups}`])
          expect(isPublicAddress(wrapped)).toBe(false);
      }),
    );
  });

  test.each(['2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '2001:4860:4860::8888', '2400:cb00::1', '8.8.8.8'])(
    '%s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each(['', 'localhost', '8.8.8', '0x8.8.8.8', '134744072', '8.8.8.8/8', 'fe80::1%eth0', '[2606:4700::1]'])(
    'not %j, which is no address',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
