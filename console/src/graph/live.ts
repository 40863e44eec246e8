import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { onEnd, pipe, subscribe } from 'wonka';

/** Whether the open streams of the page hear what happens. */
export type Liveness = 'none' | 'live' | 'reconnecting';

const streams = new Map<symbol, 'live' | 'reconnecting'>();
const watchers = new Set<() => void>();

function tell(stream: symbol, state: 'live' | 'reconnecting' | null): void {
  if (state) streams.set(stream, state);
  else streams.delete(stream);
  for (const watcher of watchers) watcher();
}

function liveness(): Liveness {
  if (streams.size === 0) return 'none';
  return [...streams.values()].includes('reconnecting') ? 'reconnecting' : 'live';
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The state of the page's streams, for the header. */
export const useLiveness = (): Liveness => useSyncExternalStore(watch, liveness);

const firstPauseMs = 500;
const longestPauseMs = 15_000;

type LiveOptions<Data> = {
  onEvent(data: Data): void;
  /** Called when the stream is open again: something may have happened meanwhile. */
  onReturn?(): void;
  paused?: boolean;
};

/**
 * Keeps a subscription open while the component is shown. A stream that breaks is opened again, at first soon and then
 * less often, and at once when the browser says that it is online.
 */
export function useLive<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { onEvent, onReturn, paused = false }: LiveOptions<Data>,
): void {
  const client = useClient();
  const heard = useEffectEvent(onEvent);
  const returned = useEffectEvent(() => onReturn?.());
  const key = JSON.stringify(variables);
  useEffect(() => {
    if (paused) return;
    const stream = Symbol('stream');
    let tries = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let close: (() => void) | undefined;
    let left = false;

    function retry(): void {
      if (left || timer) return;
      tell(stream, 'reconnecting');
      tries += 1;
      timer = setTimeout(open, Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)) * (0.75 + Math.random() / 2));
    }
    function open(): void {
      clearTimeout(timer);
      timer = undefined;
      close?.();
      if (tries > 0) returned();
      // A stream says nothing when it opens. It counts as live until it breaks.
      if (tries === 0) tell(stream, 'live');
      const source = client.subscription(document, JSON.parse(key) as Variables);
      close = pipe(
        source,
        onEnd(() => retry()),
        subscribe(({ data, error }) => {
          if (error) {
            retry();
            return;
          }
          tries = 0;
          tell(stream, 'live');
          if (data) heard(data);
        }),
      ).unsubscribe;
    }
    const online = () => {
      if (timer) open();
    };
    const offline = () => tell(stream, 'reconnecting');
    window.addEventListener('online', online);
    window.addEventListener('offline', offline);
    open();
    return () => {
      left = true;
      clearTimeout(timer);
      close?.();
      tell(stream, null);
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
    };
  }, [client, document, key, paused]);
}
