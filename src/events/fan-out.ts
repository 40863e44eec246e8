import { EventEmitter } from 'node:events';

type Handler = (event: unknown) => void;
/** Events of one topic on their way, the oldest first, to those who listened when each was announced. */
type Pending = { event: unknown; to: readonly Handler[]; next: number }[];

/** Hands events to handlers by topic: each handler gets the events of its topic in order, and each event once. */
export interface FanOut {
  /** Each handler is given once, to one topic. */
  on(topic: string, handler: Handler): void;
  off(topic: string, handler: Handler): void;
  /**
   * Hands the event to the topic's handlers of now: at once to as many as a turn of the event loop takes, to the rest
   * in later turns.
   */
  emit(topic: string, event: unknown): void;
}

/** So many handlers are called in one turn of the event loop: each may make a client's query run. */
const perTurn = 32;

/**
 * Makes a fan-out that leaves the event loop to others between its turns. What thousands of subscriptions do about one
 * event happens turn by turn, in which those of the same kind share a statement; topics take turns, so that a large one
 * does not hold up the others.
 */
export function createFanOut(): FanOut {
  const emitter = new EventEmitter().setMaxListeners(0);
  const listening = new Set<Handler>();
  const busy = new Map<string, Pending>();
  let left = perTurn;
  let planned = false;

  /** Plans the next turn, which begins with a full measure of calls. */
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
    // Those who left meanwhile hear nothing more.
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
