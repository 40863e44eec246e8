import { EventEmitter } from 'node:events';

type Handler = (event: unknown) => void;
/** Events of one topic, the oldest first, for the handlers of when each was announced. */
type Pending = { event: unknown; to: readonly Handler[]; next: number }[];

/** Gives events to handlers by topic: each handler gets each event of its topic once and in order. */
export interface FanOut {
  /** Adds a handler to one topic. Each handler is added once. */
  on(topic: string, handler: Handler): void;
  off(topic: string, handler: Handler): void;
  /**
   * Gives the event to the topic's present handlers: at once to as many as one turn of the event loop takes, to the
   * rest in later turns.
   */
  emit(topic: string, event: unknown): void;
}

/** How many handlers one turn of the event loop calls. Each may run a client's query. */
const perTurn = 32;

/**
 * Creates a fan-out that yields to the event loop between its turns. What thousands of subscriptions do about one event
 * is spread over turns, in which queries of the same kind are batched. Topics take turns, so that a large one does not
 * delay the others.
 */
export function createFanOut(): FanOut {
  const emitter = new EventEmitter().setMaxListeners(0);
  const listening = new Set<Handler>();
  const busy = new Map<string, Pending>();
  let left = perTurn;
  let planned = false;

  /** Schedules the next turn with the full number of calls. */
  function plan(): void {
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      left = perTurn;
      if (busy.size > 0) turn();
    });
  }

  function callNext(topic: string, pending: Pending): void {
    const [first] = pending;
    const handler = first?.to[first.next];
    if (!first || !handler) {
      pending.shift();
      if (pending.length === 0) busy.delete(topic);
      return;
    }
    first.next += 1;
    // Handlers that were removed meanwhile are not called.
    if (!listening.has(handler)) return;
    left -= 1;
    handler(first.event);
  }

  function turn(): void {
    plan();
    while (left > 0 && busy.size > 0) for (const [topic, pending] of busy) if (left > 0) callNext(topic, pending);
  }

  return {
    on(topic, handler) {
      listening.add(handler);
      emitter.on(topic, handler);
    },
    off(topic, handler) {
      listening.delete(handler);
      emitter.off(topic, handler);
    },
    emit(topic, event) {
      const count = emitter.listenerCount(topic);
      if (count === 0) return;
      const pending = busy.get(topic);
      if (!pending && count <= left) {
        left -= count;
        plan();
        emitter.emit(topic, event);
        return;
      }
      const delivery = { event, to: emitter.listeners(topic) as Handler[], next: 0 };
      if (pending) pending.push(delivery);
      else busy.set(topic, [delivery]);
      turn();
    },
  };
}
