import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type Call, type CallOptions, callTool } from './call.ts';
import type { ReadyTool } from './toolbox.ts';
import { instructions } from './tools.ts';

export type ServerOptions = CallOptions & { tools: ReadonlyMap<string, ReadyTool> };

/** What one HTTP request brings to the calls in it. */
export type Caller = Pick<Call, 'viewer' | 'requestId' | 'budget'> & {
  /** Returns the signal that ends the call of that id, and the function to be called when it is over. */
  watch(id: RequestId): { signal: AbortSignal; over(): void };
};

/** A call before the library's own check, which answers malformed calls as the caller's fault. */
const calls = z.object({ method: z.literal('tools/call'), params: z.looseObject({}).catch({}) });
const { params: paramsOfCall } = CallToolRequestSchema.shape;

const info = { name: 'rollcall', title: 'Rollcall', version: '0.1.0' };

/**
 * Creates the server for one HTTP request. All tools are listed to everybody: the graph decides what a credential may
 * do, and a second list of scopes would have to agree with it.
 */
export function createToolServer({ tools, ...options }: ServerOptions, caller: Caller): Server {
  const server = new Server(info, { capabilities: { tools: {} }, instructions });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...tools.values()].map(({ name, title, description, annotations, inputSchema, outputSchema }) => ({
      name,
      title,
      description,
      annotations,
      inputSchema,
      outputSchema,
    })),
  }));
  server.setRequestHandler(calls, async (request, { requestId: id, sendNotification }) => {
    const params = paramsOfCall.parse(request.params);
    const tool = tools.get(params.name);
    if (!tool)
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${JSON.stringify(params.name.slice(0, 100))}.`);
    const progressToken = params._meta?.progressToken;
    const { signal, over } = caller.watch(id);
    const tell: Call['tell'] =
      progressToken === undefined
        ? null
        : (progress) =>
            signal.aborted
              ? Promise.resolve()
              : sendNotification({ method: 'notifications/progress', params: { progressToken, ...progress } });
    try {
      return await callTool(tool, params.arguments ?? {}, { ...caller, signal, tell }, options);
    } finally {
      over();
    }
  });
  return server;
}
