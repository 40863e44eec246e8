type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The object after a JSON Merge Patch (RFC 7396): members that are null go, objects are merged, everything else
 * replaces. Null counts as `{}`.
 */
export function mergePatch(target: unknown, patch: Json): Record<string, unknown> {
  const merged = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) ? mergePatch(merged.get(name), value) : value);
  }
  // Never assigned one by one: a member called __proto__ would not become one. The rule of JSON objects refuses it
  // afterwards.
  return Object.fromEntries(merged);
}
