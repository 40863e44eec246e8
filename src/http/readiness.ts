/** A part of the service, and how to find out whether it can be used. */
export type Part = {
  /** Throws when the part cannot be used; may take so long, in milliseconds. */
  check(timeoutMs: number): Promise<void>;
  /** Whether nothing can be answered without it. What else is missing is only said. */
  needed: boolean;
  /** How long what was found out counts, in milliseconds; a fault counts a second at most. */
  freshMs: number;
};

/** What is wrong with each part, null for one that can be used; and which faults the service goes on with. */
export type Readiness = { ready: boolean; parts: Record<string, string | null>; degraded: string[] };

/** How long a part may take to answer, in milliseconds. */
const checkTimeoutMs = 1_500;
const faultFreshMs = 1_000;
/** A part that has said nothing for so long is asked anew, in milliseconds. */
const givenUpMs = 10_000;
const late = 'did not answer in time';

/**
 * Tells whether the service can answer, within two seconds in any case. Each part is asked once at a time, and not
 * again while its last answer is fresh: to ask often, or many at once, costs nothing.
 */
export function createReadiness(parts: Readonly<Record<string, Part>>): () => Promise<Readiness> {
  const known = new Map<string, { fault: string | null; until: number }>();
  const asking = new Map<string, { answer: Promise<string | null>; since: number }>();

  function ask(name: string, { check, freshMs }: Part): Promise<string | null> {
    const now = performance.now();
    const fresh = known.get(name);
    if (fresh && now < fresh.until) return Promise.resolve(fresh.fault);
    const before = asking.get(name);
    const age = before ? now - before.since : Number.POSITIVE_INFINITY;
    if (before && age < checkTimeoutMs) return before.answer;
    if (before && age < givenUpMs) return Promise.resolve(late);
    const answer = check(checkTimeoutMs)
      .then(
        () => null,
        () => 'cannot be used',
      )
      .then((fault) => {
        if (asking.get(name)?.answer !== answer) return fault;
        const counts = fault === null ? freshMs : Math.min(freshMs, faultFreshMs);
        known.set(name, { fault, until: performance.now() + counts });
        asking.delete(name);
        return fault;
      });
    asking.set(name, { answer, since: now });
    return answer;
  }

  return async () => {
    const entries = Object.entries(parts);
    const faults = await Promise.all(entries.map(([name, part]) => inTime(ask(name, part))));
    const found = entries.map(([name, { needed }], index) => ({ name, needed, fault: faults[index] ?? null }));
    return {
      ready: found.every(({ needed, fault }) => !needed || fault === null),
      parts: Object.fromEntries(found.map(({ name, fault }) => [name, fault])),
      degraded: found.filter(({ needed, fault }) => !needed && fault !== null).map(({ name }) => name),
    };
  };
}

/** The fault, or that there was no answer in time. */
async function inTime(answer: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(late), checkTimeoutMs);
  });
  const fault = await Promise.race([answer, timeLimit]);
  clearTimeout(timer);
  return fault;
}
