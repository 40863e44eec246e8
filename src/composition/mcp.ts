import type { RequestListener } from 'node:http';
import type { McpOptions } from '../mcp/handler.ts';
import { loadedOnce } from './loaded-once.ts';

/** The agents' tools, which are loaded with the first request to them: the start does not wait for them. */
export const createMcp = (options: McpOptions): { prefixes: string[]; handler: RequestListener } => ({
  prefixes: ['/mcp'],
  handler: loadedOnce(
    async () => (await import('../mcp/handler.ts')).createMcpHandler(options),
    (error) => options.log.error({ err: error }, 'the agents’ tools cannot be loaded'),
  ),
});
