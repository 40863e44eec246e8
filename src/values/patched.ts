import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../errors/catalogue.ts';
import { jsonObject } from './json-object.ts';
import { mergePatch } from './merge-patch.ts';

type Json = Record<string, unknown>;

/** Throws VALIDATION_FAILED where an input has both a whole object and a patch of it. */
export function demandOneOf(input: Readonly<Json>, whole: string, patch: string): void {
  if (input[whole] === undefined || input[patch] == null) return;
  const message = `must not be given with ${whole}`;
  throw new Problem('VALIDATION_FAILED', `${patch} ${message}`, { errors: [{ path: ['input', patch], message }] });
}

/**
 * What a JSON object is to become, by the whole or by a patch (RFC 7396) of what it was; undefined where neither
 * changes it. Throws VALIDATION_FAILED, under the patch's name, when the object that comes out breaks its rule.
 */
export function patched(
  before: unknown,
  whole: Json | null | undefined,
  patch: Json | undefined,
  patchName: string,
): Json | null | undefined {
  const after = whole === undefined && patch ? mergePatch(before, patch) : whole;
  if (after === undefined || isDeepStrictEqual(after, before)) return undefined;
  const result = after === null ? null : jsonObject.safeParse(after);
  if (result === null || result.success) return after;
  const errors = result.error.issues.map(({ message }) => ({ path: ['input', patchName], message }));
  throw new Problem('VALIDATION_FAILED', `${patchName} ${errors[0]?.message}`, { errors });
}
