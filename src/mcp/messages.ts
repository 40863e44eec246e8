import type { RequestId } from '@modelcontextprotocol/sdk/types.js';
import { Problem } from '../errors/catalogue.ts';
import { limits } from '../operations/limits.ts';

/** What has to be known of the messages of a request before they are served. */
export type Messages = {
  opensSession: boolean;
  wantProgress: boolean;
  /** The ids of the requests that are to be cancelled. */
  cancelled: RequestId[];
};

type Loose = Readonly<Record<string, unknown>>;
const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Loose)[name] : undefined;

/**
 * Looks through a body of one message or several. The protocol's library checks their form afterwards. Throws
 * BAD_USER_INPUT when there are too many, or none.
 */
export function messagesIn(body: unknown): Messages {
  const messages: unknown[] = Array.isArray(body) ? body : [body];
  if (messages.length > limits.batch)
    throw new Problem('BAD_USER_INPUT', `A request has at most ${limits.batch} messages.`);
  if (messages.length === 0) throw new Problem('BAD_USER_INPUT', 'A request has at least one message.');
  const ofMethod = (method: string) => messages.filter((message) => member(message, 'method') === method);
  return {
    opensSession: ofMethod('initialize').length > 0,
    wantProgress: ofMethod('tools/call').some(
      (message) => member(member(member(message, 'params'), '_meta'), 'progressToken') !== undefined,
    ),
    cancelled: ofMethod('notifications/cancelled')
      .map((message) => member(member(message, 'params'), 'requestId'))
      .filter((id): id is RequestId => typeof id === 'string' || typeof id === 'number'),
  };
}
