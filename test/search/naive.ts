/** A person as a test creates them. */
export type Person = { firstName: string; lastName: string; email?: string; phoneNumber?: string; fkId?: string };

const fold = (value: string) => value.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
const order = <Value>(one: Value, other: Value) => (one < other ? -1 : one > other ? 1 : 0);

/**
 * The matches in the order that is promised, computed in another way. What is sought are the query and, after it, the
 * digits that it is also searched for by.
 */
export function expected<Of extends Person & { id?: string }>(people: readonly Of[], sought: readonly string[]) {
  const [key = '', ...digits] = sought.map(fold);
  const keys = [key, ...digits];
  const ranked = people.flatMap((person) => {
    const name = `${person.firstName} ${person.lastName}`;
    const texts = [
      name,
      person.lastName,
      person.email ?? '',
      person.phoneNumber?.slice(1) ?? '',
      person.fkId ?? '',
    ].map(fold);
    const some = (is: (text: string, key: string) => boolean) =>
      texts.some((text) => keys.some((key) => is(text, key)));
    if (!some((text, key) => text.includes(key))) return [];
    const rank = some((text, key) => text === key)
      ? 0
      : fold(name).startsWith(key)
        ? 1
        : some((text, key) => text.startsWith(key))
          ? 2
          : 3;
    return [{ rank, key: fold(name), name, id: person.id ?? '' }];
  });
  return ranked.sort(
    (one, other) =>
      order(one.rank, other.rank) ||
      order(one.key, other.key) ||
      order(one.name, other.name) ||
      order(one.id, other.id),
  );
}
