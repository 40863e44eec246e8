/** Divides items into groups of those that have a name in common, directly or through others, each in their order. */
export function connected<Item>(items: readonly Item[], namesOf: (item: Item) => readonly string[]): Item[][] {
  const groupByName = new Map<string, Set<Item>>();
  const groups = new Set<Set<Item>>();
  for (const item of items) {
    const names = namesOf(item);
    const joined = new Set(names.flatMap((name) => groupByName.get(name) ?? []));
    // The largest one takes the others in.
    const [first = new Set<Item>(), ...others] = [...joined].sort((one, other) => other.size - one.size);
    first.add(item);
    groups.add(first);
    for (const other of others) {
      for (const each of other) {
        first.add(each);
        for (const name of namesOf(each)) groupByName.set(name, first);
      }
      groups.delete(other);
    }
    for (const name of names) groupByName.set(name, first);
  }
  const place = new Map(items.map((item, at) => [item, at]));
  return [...groups].map((group) => [...group].sort((one, other) => (place.get(one) ?? 0) - (place.get(other) ?? 0)));
}
