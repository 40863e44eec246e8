import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createExternalUser } from '../conversations/factories.ts';
import { later, useApp } from '../use-app.ts';
import { externalUserCalls, violations } from './calls.ts';

const service = useApp();
const tenant = later(() => service.tenant);
const { update } = externalUserCalls(() => tenant);

describe('metadata', () => {
  test('comes back as it went in, or is refused', async () => {
    const id = await createExternalUser(tenant);
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }));
    await fc.assert(
      fc.asyncProperty(object, async (metadata) => {
        const sent = JSON.parse(JSON.stringify(metadata));
        const answer = await update({ id, metadata: sent });
        if (/\\u0000|"__proto__":/.test(JSON.stringify(sent))) expect(violations(answer)).toEqual(['input.metadata']);
        else expect(dataOf(answer).updateExternalUser.user.metadata).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });

  test('is bounded in size and depth, and holds no characters that are no text', async () => {
    const id = await createExternalUser(tenant);
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    // Eleven bytes are around the text.
    const long = (bytes: number) => ({ text: 'x'.repeat(bytes - 11) });
    for (const fits of [long(16_384), nested(31), { text: '\\u0000 is text' }])
      expect(dataOf(await update({ id, metadata: fits })).updateExternalUser.user.metadata).toEqual(fits);
    for (const not of [long(16_385), nested(32), nested(1_000), { '\0': 1 }, { half: '\ud800' }, { a: ['\\\0'] }])
      expect(violations(await update({ id, metadata: not }))).toEqual(['input.metadata']);
    expect(problemOf(await update({ id, metadata: ['no object'] })).status).toBe(400);
    for (const prototype of ['{"__proto__":1}', '{"a":[{"__proto__":{"b":null}}]}'])
      expect(violations(await update({ id, metadata: JSON.parse(prototype) }))).toEqual(['input.metadata']);
    const written = `mutation { updateExternalUser(input: { id: "${id}", metadata: { a: { __proto__: { b: 1 } } } }) { user { metadata } } }`;
    expect(violations(await tenant.graphql(written))).toEqual(['input.metadata']);
    const literal = `mutation { updateExternalUser(input: { id: "${id}", metadata: { a: [{ b: 1.5 }] } }) { user { metadata } } }`;
    expect(dataOf(await tenant.graphql(literal)).updateExternalUser.user.metadata).toEqual({ a: [{ b: 1.5 }] });
    // Deeper than any client's own serialiser goes.
    const abyss = `{"query":"mutation ($m: JSONObject) { updateExternalUser(input: { id: \\"${id}\\", metadata: $m }) { user { id } } }","variables":{"m":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}}`;
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await tenant.token()}` },
        body: abyss,
      }),
    );
    const { errors } = (await response.json()) as { errors: { extensions: { status: number } }[] };
    expect(errors.map(({ extensions }) => extensions.status)).toEqual([400]);
    expect(dataOf(await update({ id, metadata: null })).updateExternalUser.user.metadata).toBeNull();
  });
});
