import { createClient, NetworkError, type RequestParams } from 'graphql-sse';
import type { OperationBody } from './operation-body.ts';
import { networkProblem, type Problem, problemOf } from './problem.ts';
import type { Endpoint } from './request.ts';

export type StreamOptions = {
  endpoint: Endpoint;
  body: OperationBody<Record<string, unknown>>;
  /** The service sends something every 12 seconds. After a longer silence the connection counts as lost. */
  silentAfterMs: number;
  /** Called when the service hears for this stream: events from now on come. */
  onOpen(): void;
  onData(data: unknown): void;
  /** Called once, unless the stream was closed here. Null: the service completed it. */
  onEnd(problem: Problem | null): void;
};

/**
 * Opens a subscription over Server-Sent Events once. Returns the function that closes it. A result without data ends
 * it: the stream is over, or an event is missing in it.
 */
export function openStream({ endpoint, body, silentAfterMs, onOpen, onData, onEnd }: StreamOptions): () => void {
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe = () => {};

  function close(): void {
    over = true;
    clearTimeout(timer);
    unsubscribe();
  }
  function end(problem: Problem | null): void {
    if (over) return;
    close();
    onEnd(problem);
  }
  function alive(): void {
    clearTimeout(timer);
    if (!over) timer = setTimeout(() => end(networkProblem('The connection is silent.')), silentAfterMs);
  }

  /** The platform’s fetch. Passes on the events of refusals, which have a status of their own, and hears each piece. */
  async function watchedFetch(url: string, init: RequestInit): Promise<Response> {
    const response = await fetch(url, init);
    alive();
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (!isStream || !response.body) return response;
    if (response.ok && !over) onOpen();
    const watched = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          alive();
          controller.enqueue(piece);
        },
      }),
    );
    return new Response(watched, { headers: response.headers });
  }

  alive();
  const client = createClient({
    url: endpoint.url,
    headers: () => endpoint.headers(),
    // Trying again is not left to it: what is true now is to be read first, and some codes do not heal.
    retryAttempts: 0,
    fetchFn: watchedFetch,
  });
  // It sends what it is given. Only its types know no ids.
  unsubscribe = client.subscribe<unknown>(body as RequestParams, {
    next({ data, errors }) {
      if (over) return;
      if (data) onData(data);
      else end(problemOf({ errors }));
    },
    error: (error) => void problemOfFailure(error).then(end),
    complete: () => end(null),
  });
  return close;
}

/** The problem in the answer that a request for a stream got instead of one. */
async function problemOfFailure(error: unknown): Promise<Problem> {
  if (!(error instanceof NetworkError) || !(error.response instanceof Response)) return problemOf(error);
  const { response } = error;
  const result: unknown = await response.json().catch(() => null);
  const problem = problemOf(result);
  return problem.code === 'NETWORK' ? networkProblem(error.message, response.status) : problem;
}
