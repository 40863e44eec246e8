import type { ExecutionResult } from 'graphql';
import type { getSSEProcessor } from 'graphql-yoga';
import { withoutHttp } from '../operations/errors.ts';

type ResultProcessor = ReturnType<typeof getSSEProcessor>;

/** How often something is sent although nothing happens, so that nothing between closes the connection. */
const heartbeatMs = 12_000;
const boundary = '\r\n--graphql';
const part = (message: object) =>
  `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(message)}${boundary}`;

/** Whether a client asks for subscriptions by Apollo's protocol over multipart. */
export const takesMultipart = (accept: string | null): boolean =>
  accept !== null && /multipart\/mixed[^,]*;\s*subscriptionSpec="?1\.0/i.test(accept);

/** Sends the results of a subscription as the parts of one response, as Apollo's clients take them. */
export const sendMultipart: ResultProcessor = (result, fetchAPI) => {
  if (!(Symbol.asyncIterator in result)) throw new Error('Only a subscription has parts.');
  const results = (result as AsyncIterable<ExecutionResult>)[Symbol.asyncIterator]();
  const encoder = new fetchAPI.TextEncoder();
  let heartbeat: NodeJS.Timeout | undefined;
  const body = new fetchAPI.ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      send(boundary);
      heartbeat = setInterval(() => {
        // A client that does not read gets no more.
        if ((controller.desiredSize ?? 0) > 0) send(part({}));
      }, heartbeatMs);
    },
    async pull(controller) {
      const { done, value } = await results.next();
      if (done) clearInterval(heartbeat);
      controller.enqueue(encoder.encode(done ? '--\r\n' : part({ payload: withoutHttp(value) })));
      if (done) controller.close();
    },
    async cancel() {
      clearInterval(heartbeat);
      await results.return?.();
    },
  });
  return new fetchAPI.Response(body, {
    headers: {
      'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
      'cache-control': 'no-cache',
    },
  });
};
