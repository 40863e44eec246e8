import fc from 'fast-check';

/** Numbers of several plans, as they are dialled today. */
export const number = fc.oneof(
  fc.integer({ min: 2_000_000, max: 9_999_999 }).map((line) => `+1415${line}`),
  fc.integer({ min: 10_000_000, max: 99_999_999 }).map((line) => `+5255${line}`),
  fc
    .tuple(fc.constantFrom('11', '21', '31', '88'), fc.integer({ min: 20_000_000, max: 59_999_999 }))
    .map((p) => `+55${p.join('')}`),
  fc
    .tuple(fc.constantFrom('11', '21', '31', '88'), fc.integer({ min: 960_000_000, max: 999_999_999 }))
    .map((p) => `+55${p.join('')}`),
  fc.integer({ min: 20_000_000, max: 79_999_999 }).map((line) => `+5411${line}`),
  fc.integer({ min: 7_400_000_000, max: 7_999_999_999 }).map((line) => `+44${line}`),
);
