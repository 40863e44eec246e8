/** A part of the service, and how to check it. */
export type Part = {
  /** Throws when the part cannot be used. It may take that many milliseconds. */
  check(timeoutMs: number): Promise<void>;
  /** Whether the service can answer nothing without it. Other faults are only reported. */
  needed: boolean;
  /** How many milliseconds a result is used. A fault is used for a second at most. */
  freshMs: number;
};

/** The fault of each part, null for one that works, and the faults that the service goes on with. */
export type Readiness = { ready: boolean; parts: Record<string, string | null>; degraded: string[] };

/** How long a check may take. */
const checkTimeoutMs = 1_500;
const faultFreshMs = 1_000;
/** After how long a silent check is started again. */
const givenUpMs = 10_000;
const late = 'did not answer in time';

/**
 * Reports whether the service can answer, always within two seconds. Each part is checked once at a time, and not again
 * while its result is fresh, so that frequent or concurrent calls cost nothing.
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

/** Returns the fault, or that there was no answer in time. */
async function inTime(answer: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(late), checkTimeoutMs);
  });
  const fault = await Promise.race([answer, timeLimit]);
  clearTimeout(timer);
  return fault;
}
