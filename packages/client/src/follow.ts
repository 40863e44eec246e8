import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { operationBody } from './operation-body.ts';
import { type Pauses, pauseMs } from './pause.ts';
import { heals, networkProblem, type Problem, problemOf } from './problem.ts';
import type { Endpoint } from './request.ts';
import { openStream } from './stream.ts';

/** `connecting`: not known yet what is true. `live`: it is known, and events come. `waiting`: for the next try. */
export type FollowState = 'connecting' | 'live' | 'waiting';

export type FollowOptions<Current, Event, Variables extends Record<string, unknown>> = {
  endpoint: Endpoint;
  subscription: TypedDocumentNode<Event, Variables>;
  variables: Variables;
  /**
   * Reads what is true now, from the service and not from a cache. Called when the stream is open, so that nothing that
   * happens between the two is missed, and after each reconnect. Throws what went wrong.
   */
  current(signal: AbortSignal): Promise<Current>;
  /** Takes what is true now. Called before the events that come after it. */
  onCurrent(current: Current): void;
  /** Takes an event. One that came while the state was read may be in that state already. */
  onEvent(event: Event): void;
  /** Told of each change of the state, with the problem that a try ended by. */
  onState?(state: FollowState, problem: Problem | null): void;
  /**
   * Called once, at the end for good: null where the service completed the subscription, else the problem that does not
   * heal, as a refused credential.
   */
  onEnd?(problem: Problem | null): void;
  /** How long nothing may come before the connection counts as lost; the service sends something every 12 seconds. */
  silentAfterMs?: number;
} & Partial<Pauses>;

export type Followed = {
  /** Reads what is true now again, for an event that does not name what changed. */
  refresh(): void;
  /** Leaves. Nothing is called any more. */
  stop(): void;
};

/** Where a browser says that it is online again. Node does not say it. */
const page = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;

/**
 * Follows a subscription over Server-Sent Events until it is stopped, completes or fails for good. A connection that
 * breaks or falls silent is opened again after growing pauses, and at once when the browser says that it is online.
 */
export function follow<Current, Event, Variables extends Record<string, unknown>>(
  options: FollowOptions<Current, Event, Variables>,
): Followed {
  const { firstPauseMs = 500, longestPauseMs = 30_000 } = options;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt: Followed | undefined;

  function open(): void {
    clearTimeout(timer);
    timer = undefined;
    const since = Date.now();
    tell(() => options.onState?.('connecting', null));
    attempt = connect(options, (problem) => {
      if (!problem || !heals(problem)) {
        stop();
        tell(() => options.onEnd?.(problem));
        return;
      }
      // One that held for long had no trouble: the pauses begin anew.
      if (Date.now() - since > longestPauseMs) tries = 0;
      timer = setTimeout(open, pauseMs(tries++, { firstPauseMs, longestPauseMs }, problem.retryAfter));
      tell(() => options.onState?.('waiting', problem));
    });
  }
  function online(): void {
    if (timer) open();
  }
  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
    attempt?.stop();
    page.removeEventListener?.('online', online);
  }

  page.addEventListener?.('online', online);
  open();
  return { refresh: () => attempt?.refresh(), stop };
}

/** One connection: the stream, then what is true now, then the events. */
function connect<Current, Event, Variables extends Record<string, unknown>>(
  { silentAfterMs = 30_000, ...options }: FollowOptions<Current, Event, Variables>,
  ended: (problem: Problem | null) => void,
): Followed {
  const over = new AbortController();
  // Events that wait for what is true now; null while there is nothing to wait for.
  let held: Event[] | null = [];
  let reads = 0;
  let late: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    over.abort();
    clearTimeout(late);
    close();
  }
  function end(problem: Problem | null): void {
    if (over.signal.aborted) return;
    stop();
    ended(problem);
  }
  function hear(event: Event): void {
    if (over.signal.aborted) return;
    if (held) held.push(event);
    else tell(() => options.onEvent(event));
  }
  async function read(): Promise<void> {
    held ??= [];
    reads += 1;
    const turn = reads;
    clearTimeout(late);
    late = setTimeout(() => end(networkProblem('What is true now did not come.')), silentAfterMs);
    try {
      const current = await options.current(over.signal);
      // A later read will tell, or nobody listens.
      if (over.signal.aborted || turn !== reads) return;
      clearTimeout(late);
      const events = held;
      held = null;
      tell(() => options.onCurrent(current));
      tell(() => options.onState?.('live', null));
      // Each of these may call `refresh` or `stop`. Then the rest waits again, or goes.
      for (const event of events) hear(event);
    } catch (error) {
      if (turn === reads) end(problemOf(error));
    }
  }

  const close = openStream({
    endpoint: options.endpoint,
    body: operationBody(options.subscription, options.variables, options.endpoint.byId ?? false),
    silentAfterMs,
    onOpen: () => void read(),
    onData: (data) => hear(data as Event),
    onEnd: end,
  });
  return { refresh: () => void (over.signal.aborted || read()), stop };
}

/** Calls what the caller gave. What it throws is the page’s error, and no reason to connect again. */
function tell(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
