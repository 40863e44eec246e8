import type { ResultError, TestApp, Untyped } from './app.ts';

export type StreamResult = { data?: Untyped; errors?: ResultError[] };

/** A subscription over server-sent events, as a client sees it. */
export type Stream = {
  response: Response;
  /** The next result; null once the stream has completed. */
  next(): Promise<StreamResult | null>;
  /** Leaves, as a client does that closes its tab. */
  leave(): Promise<void>;
};

/** Opens a subscription over server-sent events, at the app itself or, given a fetch of the network, at its port. */
export async function openStream(
  fetch: (request: Request) => Promise<Response>,
  url: string,
  headers: Record<string, string>,
  query: string,
  variables?: Record<string, unknown>,
): Promise<Stream> {
  const leaving = new AbortController();
  const response = await fetch(
    new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query, variables }),
      signal: leaving.signal,
    }),
  );
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<StreamResult | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return null;
        text += value;
        continue;
      }
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      if (/^event: complete$/m.test(message)) return null;
      const data = /^data: (.+)$/m.exec(message)?.[1];
      if (data) return JSON.parse(data) as StreamResult;
    }
  };
  return {
    response,
    next,
    async leave() {
      await reader.cancel().catch(() => {});
      leaving.abort();
    },
  };
}

/** Opens a subscription at the app itself, with a bearer token. */
export const subscribe = (
  app: TestApp['app'],
  token: string,
  query: string,
  variables?: Record<string, unknown>,
): Promise<Stream> =>
  openStream(app.fetch, 'http://localhost/graphql', { authorization: `Bearer ${token}` }, query, variables);
