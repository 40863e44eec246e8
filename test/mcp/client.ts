import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { TestApp, Untyped } from '../app.ts';

/** The headers that every message of the protocol has. */
export const protocol = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Connects the protocol's own client to the service. It checks every answer by the schema that its tool has. */
export async function connect(service: TestApp, headers: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
    requestInit: { headers },
    fetch: (url, init) => service.app.fetch(new Request(url, init as RequestInit)),
  });
  // Its types say that a transport's session may be undefined, and those of the client that it may not.
  await client.connect(transport as Untyped);
  await client.listTools();
  return client;
}

/** Calls a tool; the result as the tests look at it. */
export async function call(client: Client, name: string, given: Record<string, unknown>, options?: Untyped) {
  const result = (await client.callTool({ name, arguments: given }, undefined, options)) as CallToolResult;
  const texts = result.content.map((part) => (part.type === 'text' ? part.text : ''));
  return { isError: result.isError === true, data: result.structuredContent as Untyped, texts };
}

/** Sends a message to the service without a client. */
export const post = (service: TestApp, headers: Record<string, string>, message: unknown, signal?: AbortSignal) =>
  service.app.fetch(
    new Request('http://localhost/mcp', {
      method: 'POST',
      headers: { ...protocol, ...headers },
      body: typeof message === 'string' ? message : JSON.stringify(message),
      ...(signal && { signal }),
    }),
  );
